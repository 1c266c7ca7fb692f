// What every kind of processor computes, written once over sixteen lanes.
//
// Matrices are packed by blocks of 16 outputs, so that a lane is an output and no sum runs
// across lanes. Every output is summed over its inputs in one fixed order, whatever else is
// computed beside it: a token's result does not depend on its batch.
//
//   fp32     [N/16][K][16]            floats
//   int8     [N/16][K/4][16][4]       codes w + 128
//   ternary  [N/16][K/16][16][4]      bytes of four 2-bit codes w + 1; code i of byte j of a lane
//                                     is that of input 16·block + 4·i + j
//
// Activations are signed bytes. With codes c = w + offset, sum(w·x) = sum(c·x) - offset·sum(x);
// a 32-bit sum cannot overflow below 65,536 inputs (255·127·K < 2^31).
#pragma once
#include <cstddef>
#include <cstdint>

constexpr int LANES = 16;
constexpr int BLOCK = 16;  // positions of a block of the KV cache

// Queries that look at the positions of one sequence, for one head of keys and values. Keys and
// values are floats, or halves (IEEE 754 binary16) for the kernels that say so.
struct Attention {
    const void* const* keys;    // per block of positions: [D][16]
    const void* const* values;  // per block of positions: [16][D]
    int head_dim;                // a multiple of 16
    float scale;
    const int* first;  // per query: it sees first <= position <= last; neither may decrease
    const int* last;   // from one query to the next
};

// One token of a sequence, which all its heads look back from.
struct Token {
    const void* const* keys;    // per block of positions: [heads][D][16]
    const void* const* values;  // per block of positions: [heads][16][D]
    int heads;                   // of keys and values
    int group;                   // queries a head
    int head_dim;                // a multiple of 16
    float scale;
    int first, last;  // positions that it sees
};

struct Kernels {
    const char* name;
    // The products of m tokens with the blocks of 16 rows from begin to end: y [m][stride], where
    // the first of these blocks comes first. `add`: on top of what is there
    void (*matmul_f32)(const float* x, int m, int k, const float* w, int begin, int end, float* y,
                       int stride, bool add);
    void (*matmul_int8)(const int8_t* x, const float* x_scale, const int32_t* x_sum, int m, int k,
                        const uint8_t* w, const float* w_scale, int begin, int end, float* y,
                        int stride, bool add);
    void (*matmul_ternary)(const int8_t* x, const float* x_scale, const int32_t* x_sum, int m,
                           int k, const uint8_t* w, const float* w_scale, int begin, int end,
                           float* y, int stride, bool add);
    // bytes of one row, its scale and its sum; k is a multiple of 16
    void (*quantise)(const float* x, int k, int8_t* q, float* scale, int32_t* sum);
    void (*rms_norm)(const float* x, const float* weight, int k, float eps, float* y);
    // y = activation(gate) * up; kind 0 silu, 1 gelu, 2 squared relu
    void (*gate)(const float* gate, const float* up, int k, int kind, float* y);
    // turns each pair (i, i + half) of a head by the angles of its position
    void (*rotate)(const float* x, const float* cos, const float* sin, int half, float* y);
    // out [queries][D] of the rows q [queries][D]; scores: room for 4·(positions + 32)
    void (*attend)(const Attention& a, const float* q, int queries, float* scores, float* out);
    // out [heads·group][D] of q [heads·group][D]; scores: room for heads·group·(positions + 17)
    void (*attend_token)(const Token& a, const float* q, float* scores, float* out);
    // the same over halves
    void (*attend_halves)(const Attention& a, const float* q, int queries, float* scores,
                          float* out);
    void (*attend_token_halves)(const Token& a, const float* q, float* scores, float* out);
    // floats to the nearest halves; beyond 65,504 lies infinity
    void (*halve)(const float* x, int k, uint16_t* y);
    // the place of the first largest of blocks of 16 logits, of which those without their bit are
    // made minus infinity; -1 where one was no finite number. No bits: all may come
    int (*largest)(float* logits, const uint16_t* bits, int blocks);
    // exact sums of codes and bytes, for tests: kind 8 or 2
    void (*integer_sums)(const int8_t* x, int m, int k, const uint8_t* w, int kind, int blocks,
                         int32_t* y);
};

const Kernels* kernels_portable();
#if defined(__x86_64__)
const Kernels* kernels_avx2();
const Kernels* kernels_avx512();
const Kernels* kernels_avx512_vnni();
#elif defined(__aarch64__)
const Kernels* kernels_neon();
#endif
