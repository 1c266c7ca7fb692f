#include "memory.hpp"

#include <cstdint>
#include <cstdlib>
#include <mutex>

// Under the address sanitizer everything comes from calloc, so that it sees what lies outside.
#if (defined(__unix__) || defined(__APPLE__)) && !defined(__SANITIZE_ADDRESS__)
#define MAPPED 1
#include <sys/mman.h>
#endif

constexpr size_t EDGE = 64, PAGE = size_t{2} << 20;

static size_t rounded(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

#if MAPPED
// A mapping that begins at a large page. The read-ahead of a processor ends where a page ends,
// and with pages of 4 kB most of the time of a scattered cache goes into finding them.
static std::shared_ptr<void> mapped(size_t bytes) {
    const size_t size = rounded(bytes, PAGE), reserved = size + PAGE;
    void* memory = mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    const auto start = reinterpret_cast<uintptr_t>(memory);
    void* place = reinterpret_cast<void*>(rounded(start, PAGE));
#ifdef MADV_HUGEPAGE
    madvise(place, size, MADV_HUGEPAGE);  // a system without them refuses, and nothing is lost
#endif
    return {place, [memory, reserved](void*) { munmap(memory, reserved); }};
}
#endif

std::shared_ptr<void> zeroed(size_t bytes) {
#if MAPPED
    if (bytes >= PAGE) return mapped(bytes);
#endif
    void* memory = std::calloc(bytes + EDGE, 1);
    if (!memory) throw std::bad_alloc();
    const auto start = reinterpret_cast<uintptr_t>(memory);
    return {reinterpret_cast<void*>(rounded(start, EDGE)), [memory](void*) { std::free(memory); }};
}

std::shared_ptr<void> zeroed_beside_others(size_t bytes) {
#if MAPPED
    constexpr size_t chunk_bytes = 16 * PAGE;
    static std::mutex mutex;
    static std::weak_ptr<void> shared;  // the last chunk, as long as a matrix in it is there
    static size_t used = 0;
    const size_t size = rounded(bytes, EDGE);
    if (size >= chunk_bytes / 4) return mapped(size);
    const std::lock_guard<std::mutex> alone(mutex);
    std::shared_ptr<void> chunk = shared.lock();
    if (!chunk || used + size > chunk_bytes) {
        chunk = mapped(chunk_bytes);
        shared = chunk;
        used = 0;
    }
    char* place = static_cast<char*>(chunk.get()) + used;
    used += size;
    return {chunk, place};
#else
    return zeroed(bytes);
#endif
}
