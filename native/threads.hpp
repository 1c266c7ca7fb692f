// A bounded set of threads that are kept, and run the same function together. One call of `run`
// at a time, and its function must not throw: the others would wait at the barrier for ever.
#pragma once
#include <atomic>
#include <functional>
#include <new>
#include <thread>
#include <vector>

class Threads {
   public:
    explicit Threads(int count) : count_(count) { start(); }
    ~Threads() { stop(); }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

    int count() const { return count_; }

    // In the child of a fork the other threads are not there: they are left behind as they were,
    // because nothing of theirs may be touched, and made anew when there is work.
    void forget() {
        new (&workers_) std::vector<std::thread>();
        begin_ = round_ = 0;
        arrived_ = 0;
    }

    // work(id) on every thread, id 0 on the caller's; returns when all are done
    void run(const std::function<void(int)>& work) {
        if (workers_.empty()) start();
        work_ = &work;
        begin_.fetch_add(1);
        begin_.notify_all();
        work(0);
        barrier();
    }

    // Every thread waits here for the others.
    void barrier() {
        if (count_ == 1) return;
        const unsigned round = round_.load();
        if (arrived_.fetch_add(1) + 1 == count_) {
            arrived_.store(0);
            round_.fetch_add(1);
            round_.notify_all();
        } else {
            wait_until_changed(round_, round);
        }
    }

   private:
    void start() {
        try {
            for (int id = 1; id < count_; ++id)
                workers_.emplace_back([this, id, seen = begin_.load()] { serve(id, seen); });
        } catch (...) {  // the system gives no more threads: those that run must not be left
            stop();
            throw;
        }
    }

    void stop() {
        stopping_ = true;
        begin_.fetch_add(1);
        begin_.notify_all();
        for (std::thread& worker : workers_) worker.join();
        workers_.clear();
        stopping_ = false;
    }

    void serve(int id, unsigned seen) {
        for (;;) {
            wait_until_changed(begin_, seen);
            ++seen;
            if (stopping_) return;
            (*work_)(id);
            barrier();
        }
    }

    // A step has many short phases: spinning first is what makes two threads worth it. On a
    // machine with other work the thread that is waited for may need this one's place.
    static void wait_until_changed(std::atomic<unsigned>& value, unsigned from) {
        for (int i = 0; i < 2000; ++i) {
            if (value.load(std::memory_order_acquire) != from) return;
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        }
        for (int i = 0; i < 200; ++i) {
            if (value.load(std::memory_order_acquire) != from) return;
            std::this_thread::yield();
        }
        while (value.load() == from) value.wait(from);
    }

    const int count_;
    std::atomic<unsigned> begin_{0}, round_{0};
    std::atomic<int> arrived_{0};
    std::atomic<bool> stopping_{false};
    const std::function<void(int)>* work_ = nullptr;
    std::vector<std::thread> workers_;  // last: they use what stands above from their start
};
