#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels.hpp"

namespace {
constexpr const char* NAME = "avx2";
#include "simd_avx2.inl"

#include "kernels.inl"
}  // namespace

const Kernels* kernels_avx2() { return &TABLE; }
