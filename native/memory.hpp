// Memory at a multiple of 64 bytes, all zeros; in large pages where the system has them.
#pragma once
#include <cstddef>
#include <limits>
#include <memory>
#include <new>

// Untouched pages cost nothing: a large cache is made at once. Throws std::bad_alloc.
std::shared_ptr<void> zeroed(size_t bytes);

// The same, beside other weights: matrices of a few hundred kB share large pages.
std::shared_ptr<void> zeroed_beside_others(size_t bytes);

template <class T>
class Aligned {
   public:
    Aligned() = default;
    explicit Aligned(size_t n) : Aligned(n, zeroed(bytes(n))) {}
    static Aligned for_weights(size_t n) { return Aligned(n, zeroed_beside_others(bytes(n))); }
    Aligned(Aligned&&) noexcept = default;
    Aligned& operator=(Aligned&&) noexcept = default;

    T* data() { return data_; }
    const T* data() const { return data_; }
    size_t size() const { return size_; }
    T& operator[](size_t i) { return data_[i]; }
    const T& operator[](size_t i) const { return data_[i]; }

   private:
    Aligned(size_t n, std::shared_ptr<void> memory)
        : memory_(std::move(memory)), data_(static_cast<T*>(memory_.get())), size_(n) {}
    static size_t bytes(size_t n) {
        if (n > std::numeric_limits<size_t>::max() / 2 / sizeof(T)) throw std::bad_alloc();
        return n * sizeof(T);
    }

    std::shared_ptr<void> memory_;
    T* data_ = nullptr;
    size_t size_ = 0;
};
