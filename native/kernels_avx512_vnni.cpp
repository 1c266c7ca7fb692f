#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "kernels.hpp"

namespace {
constexpr const char* NAME = "avx512_vnni";
#include "simd_avx512.inl"

#include "kernels.inl"
}  // namespace

const Kernels* kernels_avx512_vnni() { return &TABLE; }
