#include <arm_neon.h>
#include <math.h>
#include <string.h>

#include "kernels.hpp"

namespace {
constexpr const char* NAME = "neon";
#include "simd_neon.inl"

#include "kernels.inl"
}  // namespace

const Kernels* kernels_neon() { return &TABLE; }
