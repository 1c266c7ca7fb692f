#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels.hpp"

namespace {
constexpr const char* NAME = "avx512";
#include "simd_avx512.inl"

#include "kernels.inl"
}  // namespace

const Kernels* kernels_avx512() { return &TABLE; }
