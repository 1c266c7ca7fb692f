#include <math.h>
#include <string.h>

#include "kernels.hpp"

namespace {
constexpr const char* NAME = "portable";
#include "simd_portable.inl"

#include "kernels.inl"
}  // namespace

const Kernels* kernels_portable() { return &TABLE; }
