// A bounded set of threads that are kept, and run the same function together. One call of `run`
// at a time, and its function must not throw: the others would wait at the barrier for ever.
#pragma once
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

class Threads {
   public:
    explicit Threads(int count) : count_(count) {
        try {
            for (int id = 1; id < count; ++id) workers_.emplace_back([this, id] { serve(id); });
        } catch (...) {  // the system gives no more threads: those that run must not be left
            stop();
            throw;
        }
    }
    ~Threads() { stop(); }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

    int count() const { return count_; }

    // work(id) on every thread, id 0 on the caller's; returns when all are done
    void run(const std::function<void(int)>& work) {
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
    void stop() {
        stopping_ = true;
        begin_.fetch_add(1);
        begin_.notify_all();
        for (std::thread& worker : workers_) worker.join();
    }

    void serve(int id) {
        unsigned seen = 0;
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
