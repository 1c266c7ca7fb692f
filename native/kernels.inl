// The kernels themselves. Included once for each kind of processor, after its F16, I16, Codes,
// inside an unnamed namespace. No template of the standard library is used here: a copy compiled
// for a newer processor could replace the one that an older processor runs.

// Loops over the tile must be unrolled before anything else, or the tile lies in memory.
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

// exp(x) to about 2 units in the last place: 2^n · p(r), x = n·ln 2 + r, |r| <= ln(2)/2
inline F16 exponential(F16 x) {
    x = x.at_most(F16::of(88.0f)).at_least(F16::of(-87.0f));
    F16 n = (x * F16::of(1.44269504f)).rounded();
    F16 r = x.plus_product(n, F16::of(-0.693359375f)).plus_product(n, F16::of(2.12194440e-4f));
    F16 p = F16::of(1.9875691500e-4f);
    p = F16::of(1.3981999507e-3f).plus_product(p, r);
    p = F16::of(8.3334519073e-3f).plus_product(p, r);
    p = F16::of(4.1665795894e-2f).plus_product(p, r);
    p = F16::of(1.6666665459e-1f).plus_product(p, r);
    p = F16::of(5.0000001201e-1f).plus_product(p, r);
    F16 e = (r + F16::of(1.0f)).plus_product(p, r * r);
    return e * n.power_of_two();
}

inline float larger(float a, float b) { return a > b ? a : b; }

// Lanes are joined in halves: one after the other each would wait for the one before.
inline float lane_sum(F16 x) {
    float lanes[LANES];
    x.store(lanes);
    UNROLL
    for (int half = LANES / 2; half; half /= 2)
        UNROLL
        for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
    return lanes[0];
}

inline float lane_max(F16 x) {
    float lanes[LANES];
    x.store(lanes);
    UNROLL
    for (int half = LANES / 2; half; half /= 2)
        UNROLL
        for (int i = 0; i < half; ++i) lanes[i] = larger(lanes[i], lanes[i + half]);
    return lanes[0];
}

// --- matrix products: MT tokens by NT blocks of outputs stay in registers ------------------

// Where the products of 16 outputs go: in the place of what is there, or on top of it.
inline void put(F16 product, float* y, bool add) {
    (add ? F16::load(y) + product : product).store(y);
}

template <int MT, int NT>
void tile_f32(const float* x, int k, const float* w, float* y, int stride, bool add) {
    F16 acc[MT][NT];
    UNROLL
    for (auto& row : acc)
        UNROLL
        for (F16& a : row) a = F16::zero();
    for (int i = 0; i < k; ++i) {
        F16 columns[NT];
        UNROLL
        for (int n = 0; n < NT; ++n)
            columns[n] = F16::load(w + (static_cast<size_t>(n) * k + i) * LANES);
        UNROLL
        for (int m = 0; m < MT; ++m) {
            F16 value = F16::of(x[static_cast<size_t>(m) * k + i]);
            UNROLL
            for (int n = 0; n < NT; ++n) acc[m][n] = acc[m][n].plus_product(value, columns[n]);
        }
    }
    UNROLL
    for (int m = 0; m < MT; ++m)
        UNROLL
        for (int n = 0; n < NT; ++n)
            put(acc[m][n], y + static_cast<size_t>(m) * stride + n * LANES, add);
}

// A tile of sums. It is returned by value: behind a reference the compiler would have to write
// it back after every step, because signed bytes may alias anything.
template <int MT, int NT>
struct Sums {
    I16 at[MT][NT];
};

template <int MT, int NT>
inline Sums<MT, NT> sums_int8(const int8_t* x, int k, const uint8_t* w) {
    I16 acc[MT][NT];
    UNROLL
    for (int m = 0; m < MT; ++m)
        UNROLL
        for (int n = 0; n < NT; ++n) acc[m][n] = I16::zero();
    for (int i = 0; i < k; i += 4) {
        Codes codes[NT];
        UNROLL
        for (int n = 0; n < NT; ++n)
            codes[n] = Codes::load(w + (static_cast<size_t>(n) * k + i) * LANES);
        UNROLL
        for (int m = 0; m < MT; ++m) {
            const Bytes bytes = Bytes::load(x + static_cast<size_t>(m) * k + i);
            UNROLL
            for (int n = 0; n < NT; ++n) acc[m][n] = dot4(acc[m][n], codes[n], bytes);
        }
    }
    Sums<MT, NT> result;
    UNROLL
    for (int m = 0; m < MT; ++m)
        UNROLL
        for (int n = 0; n < NT; ++n) result.at[m][n] = acc[m][n];
    return result;
}

template <int MT, int NT>
inline Sums<MT, NT> sums_ternary(const int8_t* x, int k, const uint8_t* w) {
    I16 acc[MT][NT];
    UNROLL
    for (int m = 0; m < MT; ++m)
        UNROLL
        for (int n = 0; n < NT; ++n) acc[m][n] = I16::zero();
    for (int i = 0; i < k; i += 16) {
        Codes packed[NT];
        UNROLL
        for (int n = 0; n < NT; ++n)
            packed[n] = Codes::load(w + (static_cast<size_t>(n) * k + i) * (LANES / 4));
        UNROLL
        for (int part = 0; part < 4; ++part) {
            Codes codes[NT];
            UNROLL
            for (int n = 0; n < NT; ++n) codes[n] = packed[n].two_bits(part);
            UNROLL
            for (int m = 0; m < MT; ++m) {
                const Bytes bytes = Bytes::load(x + static_cast<size_t>(m) * k + i + 4 * part);
                UNROLL
                for (int n = 0; n < NT; ++n) acc[m][n] = dot4(acc[m][n], codes[n], bytes);
            }
        }
    }
    Sums<MT, NT> result;
    UNROLL
    for (int m = 0; m < MT; ++m)
        UNROLL
        for (int n = 0; n < NT; ++n) result.at[m][n] = acc[m][n];
    return result;
}

constexpr int INT8 = 8, TERNARY = 2;

template <int kind, int MT, int NT>
inline Sums<MT, NT> sums(const int8_t* x, int k, const uint8_t* w) {
    if constexpr (kind == INT8)
        return sums_int8<MT, NT>(x, k, w);
    else
        return sums_ternary<MT, NT>(x, k, w);
}

struct Integers {
    const int8_t* x;
    const float* x_scale;
    const int32_t* x_sum;
    const uint8_t* w;
    const float* w_scale;
    int k;
};

template <int kind>
constexpr int OFFSET = kind == INT8 ? 128 : 1;

template <int kind>
size_t block_bytes(int k) {
    return static_cast<size_t>(k) * LANES * kind / 8;
}

template <int kind, int MT, int NT>
void tile_integers(const Integers& p, int token, int block, float* y, int stride, bool add) {
    const Sums<MT, NT> acc = sums<kind, MT, NT>(p.x + static_cast<size_t>(token) * p.k, p.k,
                                                p.w + block * block_bytes<kind>(p.k));
    UNROLL
    for (int m = 0; m < MT; ++m)
        UNROLL
        for (int n = 0; n < NT; ++n) {
            F16 scale = F16::load(p.w_scale + (block + n) * LANES) * F16::of(p.x_scale[token + m]);
            F16 sum = acc.at[m][n].minus(OFFSET<kind> * p.x_sum[token + m]).as_float();
            put(sum * scale, y + static_cast<size_t>(m) * stride + n * LANES, add);
        }
}

// Cuts m tokens and the blocks into tiles; `run` is called as run<MT, NT>(token, block).
template <class Run>
void in_tiles(int m, int begin, int end, Run run) {
    constexpr int NT = 4;
    auto tokens = [&]<int N>(int block) {
        int token = 0;
        for (; token + 4 <= m; token += 4) run.template operator()<4, N>(token, block);
        switch (m - token) {
            case 3: run.template operator()<3, N>(token, block); break;
            case 2: run.template operator()<2, N>(token, block); break;
            case 1: run.template operator()<1, N>(token, block); break;
            default: break;
        }
    };
    int block = begin;
    for (; block + NT <= end; block += NT) tokens.template operator()<NT>(block);
    for (; block < end; ++block) tokens.template operator()<1>(block);
}

void matmul_f32(const float* x, int m, int k, const float* w, int begin, int end, float* y,
                int stride, bool add) {
    in_tiles(m, begin, end, [&]<int MT, int NT>(int token, int block) {
        tile_f32<MT, NT>(x + static_cast<size_t>(token) * k, k,
                         w + static_cast<size_t>(block) * k * LANES,
                         y + static_cast<size_t>(token) * stride + (block - begin) * LANES, stride,
                         add);
    });
}

// One token and one block: its codes are read from the first to the last, which the memory gives
// fastest; four sums, as a single one would wait for itself.
template <int kind>
I16 sum_of_block(const int8_t* x, int k, const uint8_t* w) {
    I16 acc[4];
    UNROLL
    for (I16& a : acc) a = I16::zero();
    for (int i = 0; i < k; i += 16) {
        if constexpr (kind == INT8) {
            UNROLL
            for (int part = 0; part < 4; ++part)
                acc[part] = dot4(acc[part], Codes::load(w + (i + 4 * part) * LANES),
                                 Bytes::load(x + i + 4 * part));
        } else {
            const Codes packed = Codes::load(w + i * (LANES / 4));
            UNROLL
            for (int part = 0; part < 4; ++part)
                acc[part] = dot4(acc[part], packed.two_bits(part), Bytes::load(x + i + 4 * part));
        }
    }
    return acc[0].plus(acc[1]).plus(acc[2].plus(acc[3]));
}

template <int kind>
void one_token(const Integers& p, int begin, int end, float* y, bool add) {
    for (int block = begin; block < end; ++block) {
        const I16 sum = sum_of_block<kind>(p.x, p.k, p.w + block * block_bytes<kind>(p.k));
        const F16 scale = F16::load(p.w_scale + block * LANES) * F16::of(p.x_scale[0]);
        put(sum.minus(OFFSET<kind> * p.x_sum[0]).as_float() * scale, y + (block - begin) * LANES,
            add);
    }
}

template <int kind>
void matmul_integers(const int8_t* x, const float* x_scale, const int32_t* x_sum, int m, int k,
                     const uint8_t* w, const float* w_scale, int begin, int end, float* y,
                     int stride, bool add) {
    Integers product{x, x_scale, x_sum, w, w_scale, k};
    if (m == 1) return one_token<kind>(product, begin, end, y, add);
    in_tiles(m, begin, end, [&]<int MT, int NT>(int token, int block) {
        tile_integers<kind, MT, NT>(
            product, token, block,
            y + static_cast<size_t>(token) * stride + (block - begin) * LANES, stride, add);
    });
}

template <int kind>
void exact_sums(const int8_t* x, int m, int k, const uint8_t* w, int blocks, int32_t* y) {
    if (m == 1) {
        int32_t total = 0;
        for (int j = 0; j < k; ++j) total += x[j];
        for (int block = 0; block < blocks; ++block)
            sum_of_block<kind>(x, k, w + block * block_bytes<kind>(k))
                .minus(OFFSET<kind> * total)
                .store(y + block * LANES);
        return;
    }
    in_tiles(m, 0, blocks, [&]<int MT, int NT>(int token, int block) {
        const Sums<MT, NT> acc =
            sums<kind, MT, NT>(x + static_cast<size_t>(token) * k, k, w + block * block_bytes<kind>(k));
        UNROLL
        for (int i = 0; i < MT; ++i) {
            int32_t total = 0;
            for (int j = 0; j < k; ++j) total += x[static_cast<size_t>(token + i) * k + j];
            UNROLL
            for (int n = 0; n < NT; ++n)
                acc.at[i][n].minus(OFFSET<kind> * total)
                    .store(y + (static_cast<size_t>(token + i) * blocks + block + n) * LANES);
        }
    });
}

void integer_sums(const int8_t* x, int m, int k, const uint8_t* w, int kind, int blocks,
                  int32_t* y) {
    (kind == INT8 ? exact_sums<INT8> : exact_sums<TERNARY>)(x, m, k, w, blocks, y);
}

// --- along a row ---------------------------------------------------------------------------

void quantise(const float* x, int k, int8_t* q, float* scale, int32_t* sum) {
    F16 most[2] = {F16::zero(), F16::zero()};
    int i = 0;
    for (; i + 2 * LANES <= k; i += 2 * LANES)
        UNROLL
        for (int n = 0; n < 2; ++n)
            most[n] = most[n].at_least(F16::load(x + i + n * LANES).magnitude());
    float largest = lane_max(most[0].at_least(most[1]));
    for (int j = i; j < k; ++j) largest = larger(largest, fabsf(x[j]));
    *scale = largest / 127.0f;
    // 127 divided by next to nothing is infinite: such a row counts as zeros
    float inverse = largest > 1e-36f ? 127.0f / largest : 0.0f;
    F16 total = F16::zero();  // exact: whole numbers, below 2^24 for any row that there may be
    for (i = 0; i + LANES <= k; i += LANES) {
        const F16 whole = (F16::load(x + i) * F16::of(inverse)).rounded();
        whole.store_bytes(q + i);
        total = total + whole;
    }
    int32_t rest = 0;
    for (; i < k; ++i) rest += q[i] = static_cast<int8_t>(nearbyintf(x[i] * inverse));
    // a row that is no numbers has a scale that is none, whatever its sum
    const float wholes = lane_sum(total);
    *sum = rest + (fabsf(wholes) < 1e7f ? static_cast<int32_t>(wholes) : 0);
}

void rms_norm(const float* x, const float* weight, int k, float eps, float* y) {
    F16 squares[2] = {F16::zero(), F16::zero()};
    int i = 0;
    for (; i + 2 * LANES <= k; i += 2 * LANES)
        UNROLL
        for (int n = 0; n < 2; ++n) {
            const F16 v = F16::load(x + i + n * LANES);
            squares[n] = squares[n].plus_product(v, v);
        }
    float sum = lane_sum(squares[0] + squares[1]);
    for (int j = i; j < k; ++j) sum += x[j] * x[j];
    float factor = 1.0f / sqrtf(sum / static_cast<float>(k) + eps);
    for (i = 0; i + LANES <= k; i += LANES)
        (F16::load(x + i) * F16::of(factor) * F16::load(weight + i)).store(y + i);
    for (; i < k; ++i) y[i] = x[i] * factor * weight[i];
}

inline float activation(float x, int kind) {
    if (kind == 0) return x / (1.0f + expf(-x));
    if (kind == 1) return 0.5f * x * (1.0f + erff(x * 0.70710678f));
    float positive = larger(x, 0.0f);
    return positive * positive;
}

void gate(const float* g, const float* up, int k, int kind, float* y) {
    int i = 0;
    if (kind == 0)
        for (; i + LANES <= k; i += LANES) {
            F16 x = F16::load(g + i);
            F16 e = exponential(F16::zero() - x);
            (x / (F16::of(1.0f) + e) * F16::load(up + i)).store(y + i);
        }
    for (; i < k; ++i) y[i] = activation(g[i], kind) * up[i];
}

void rotate(const float* x, const float* cos, const float* sin, int half, float* y) {
    int i = 0;
    for (; i + LANES <= half; i += LANES) {
        const F16 a = F16::load(x + i), b = F16::load(x + i + half);
        const F16 c = F16::load(cos + i), s = F16::load(sin + i);
        (a * c - b * s).store(y + i);
        (b * c + a * s).store(y + i + half);
    }
    for (; i < half; ++i) {
        y[i] = x[i] * cos[i] - x[i + half] * sin[i];
        y[i + half] = x[i + half] * cos[i] + x[i] * sin[i];
    }
}

// --- attention -----------------------------------------------------------------------------

// Scores of R queries with the 16 positions of a block.
template <int R, class T>
void block_scores(const float* q, const T* keys, int head_dim, float scale, float* scores,
                  int stride) {
    // even and odd components apart: one sum after the other would wait for itself
    F16 acc[R][2];
    UNROLL
    for (auto& row : acc)
        UNROLL
        for (F16& a : row) a = F16::zero();
    for (int d = 0; d < head_dim; d += 2)
        UNROLL
        for (int odd = 0; odd < 2; ++odd) {
            F16 column = F16::load(keys + (d + odd) * BLOCK);
            UNROLL
            for (int r = 0; r < R; ++r)
                acc[r][odd] = acc[r][odd].plus_product(F16::of(q[r * head_dim + d + odd]), column);
        }
    UNROLL
    for (int r = 0; r < R; ++r)
        ((acc[r][0] + acc[r][1]) * F16::of(scale)).store(scores + r * stride);
}

// What softmax leaves of one row of scores: exp(score - largest), zero where nothing is seen.
inline float weigh(float* row, int offset, int first, int last, int stride) {
    const int seen = first - offset, after = last - offset + 1;
    const int own = (after + LANES - 1) / LANES * LANES;
    for (int i = 0; i < seen; ++i) row[i] = -INFINITY;
    for (int i = after; i < stride; ++i) row[i] = -INFINITY;
    F16 most = F16::load(row);
    for (int i = LANES; i < own; i += LANES) most = most.at_least(F16::load(row + i));
    const F16 largest = F16::of(lane_max(most));
    for (int i = 0; i < own; i += LANES) exponential(F16::load(row + i) - largest).store(row + i);
    for (int i = 0; i < seen; ++i) row[i] = 0;  // exponential() has a floor
    for (int i = after; i < stride; ++i) row[i] = 0;
    // blocks before the first one seen are all zero, and add nothing
    F16 sum = F16::zero();
    for (int i = 0; i < own; i += LANES) sum = sum + F16::load(row + i);
    return lane_sum(sum);
}

// Adds `count` positions of a block to N times 16 components of R sums; share [R][stride].
template <int R, int N, class T>
void add_values(const T* values, int count, int head_dim, const float* share, int stride,
                float* sums, int width) {
    F16 acc[R][N];
    UNROLL
    for (int r = 0; r < R; ++r)
        UNROLL
        for (int n = 0; n < N; ++n) acc[r][n] = F16::load(sums + r * width + n * LANES);
    for (int i = 0; i < count; ++i) {
        F16 value[N];
        UNROLL
        for (int n = 0; n < N; ++n) value[n] = F16::load(values + i * head_dim + n * LANES);
        UNROLL
        for (int r = 0; r < R; ++r) {
            const F16 weight = F16::of(share[r * stride + i]);
            UNROLL
            for (int n = 0; n < N; ++n) acc[r][n] = acc[r][n].plus_product(weight, value[n]);
        }
    }
    UNROLL
    for (int r = 0; r < R; ++r)
        UNROLL
        for (int n = 0; n < N; ++n) acc[r][n].store(sums + r * width + n * LANES);
}

// The same for all components of a block; a block is read from its beginning to its end.
template <int R, class T>
void add_block(const T* values, int count, int head_dim, const float* share, int stride,
               float* sums) {
    int d = 0;
    for (; d + 4 * LANES <= head_dim; d += 4 * LANES)
        add_values<R, 4>(values + d, count, head_dim, share, stride, sums + d, head_dim);
    for (; d < head_dim; d += LANES)
        add_values<R, 1>(values + d, count, head_dim, share, stride, sums + d, head_dim);
}

inline int smaller(int a, int b) { return a < b ? a : b; }

inline void scale_row(float* row, int k, float factor) {
    for (int d = 0; d < k; d += LANES) (F16::load(row + d) * F16::of(factor)).store(row + d);
}

// `run` is called as run<R>(row) for rows in fours, and for what is left.
template <class Run>
void in_fours(int rows, Run run) {
    for (int row = 0; row < rows; row += 4) switch (rows - row) {
            case 1: run.template operator()<1>(row); break;
            case 2: run.template operator()<2>(row); break;
            case 3: run.template operator()<3>(row); break;
            default: run.template operator()<4>(row); break;
        }
}

template <class T>
void attend(const Attention& a, const float* q, int queries, float* scores, float* out) {
    const int dim = a.head_dim;
    const auto keys = [&](int block) { return static_cast<const T*>(a.keys[block]); };
    const auto values = [&](int block) { return static_cast<const T*>(a.values[block]); };
    for (int i = 0; i < queries * dim; ++i) out[i] = 0;
    in_fours(queries, [&]<int R>(int query) {
        const int from = a.first[query] / BLOCK, to = a.last[query + R - 1] / BLOCK + 1;
        const int stride = (to - from) * BLOCK, positions = a.last[query + R - 1] + 1;
        float* sums = out + query * dim;
        for (int b = from; b < to; ++b)
            block_scores<R>(q + query * dim, keys(b), dim, a.scale, scores + (b - from) * BLOCK,
                            stride);
        float total[R];
        UNROLL
        for (int r = 0; r < R; ++r)
            total[r] = weigh(scores + r * stride, from * BLOCK, a.first[query + r],
                             a.last[query + r], stride);
        for (int b = from; b < to; ++b)
            add_block<R>(values(b), smaller(positions - b * BLOCK, BLOCK), dim,
                         scores + (b - from) * BLOCK, stride, sums);
        UNROLL
        for (int r = 0; r < R; ++r) scale_row(sums + r * dim, dim, 1.0f / total[r]);
    });
}

// One query of every head. A cache that is larger than the processor's is read at the pace of
// the memory, which is three times as fast for long stretches: block by block, not head by head.
template <class T>
void attend_token(const Token& a, const float* q, float* scores, float* out) {
    const int dim = a.head_dim, rows = a.heads * a.group, half = dim * BLOCK;
    const auto keys = [&](int block) { return static_cast<const T*>(a.keys[block]); };
    const auto values = [&](int block) { return static_cast<const T*>(a.values[block]); };
    const int from = a.first / BLOCK, to = a.last / BLOCK + 1, stride = (to - from) * BLOCK;
    for (int b = from; b < to; ++b)
        for (int head = 0; head < a.heads; ++head)
            in_fours(a.group, [&]<int R>(int g) {
                const int row = head * a.group + g;
                block_scores<R>(q + row * dim, keys(b) + head * half, dim, a.scale,
                                scores + row * stride + (b - from) * BLOCK, stride);
            });
    for (int i = 0; i < rows * dim; ++i) out[i] = 0;
    // the shares of a row are divided by their sum at the end, as above
    float* totals = scores + rows * stride;
    for (int row = 0; row < rows; ++row)
        totals[row] = weigh(scores + row * stride, from * BLOCK, a.first, a.last, stride);
    for (int b = from; b < to; ++b)
        for (int head = 0; head < a.heads; ++head)
            in_fours(a.group, [&]<int R>(int g) {
                const int row = head * a.group + g;
                add_block<R>(values(b) + head * half, smaller(a.last + 1 - b * BLOCK, BLOCK), dim,
                             scores + row * stride + (b - from) * BLOCK, stride, out + row * dim);
            });
    for (int row = 0; row < rows; ++row) scale_row(out + row * dim, dim, 1.0f / totals[row]);
}

void halve(const float* x, int k, uint16_t* y) {
    for (int i = 0; i < k; i += LANES) F16::load(x + i).store(y + i);
}

// --- choosing ------------------------------------------------------------------------------

int largest(float* logits, const uint16_t* bits, int blocks) {
    F16 most = F16::of(-INFINITY), wrong = F16::zero();
    for (int b = 0; b < blocks; ++b) {
        float* block = logits + b * LANES;
        F16 v = F16::load(block);
        wrong = wrong.plus_product(v, F16::zero());  // zero, or no number where v is none
        if (bits && bits[b] != 0xffff) {
            for (int i = 0; i < LANES; ++i) block[i] = bits[b] >> i & 1 ? block[i] : -INFINITY;
            v = F16::load(block);
        }
        most = most.at_least(v);
    }
    if (lane_sum(wrong) != 0) return -1;
    const float value = lane_max(most);
    int place = 0;
    while (logits[place] != value) ++place;
    return place;
}

constexpr Kernels TABLE{NAME,
                        matmul_f32,
                        matmul_integers<INT8>,
                        matmul_integers<TERNARY>,
                        quantise,
                        rms_norm,
                        gate,
                        rotate,
                        attend<float>,
                        attend_token<float>,
                        attend<uint16_t>,
                        attend_token<uint16_t>,
                        halve,
                        largest,
                        integer_sums};
