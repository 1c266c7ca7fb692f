// The kernels of this processor against the portable ones, for a machine that is only emulated:
//
//   aarch64-linux-gnu-g++ -std=c++20 -O3 -static -Inative -o check
//     tests/infer/kernels_check.cpp native/kernels_neon.cpp native/kernels_portable.cpp
//   qemu-aarch64 ./check
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "kernels.hpp"

static std::mt19937 generator(1);
static int failures = 0;

static void expect(bool holds, const char* what) {
    if (!holds) std::printf("FAILED: %s\n", what), ++failures;
}

template <class T>
static std::vector<T> drawn(size_t n, int low, int high) {
    std::uniform_int_distribution<int> pick(low, high);
    std::vector<T> made(n);
    for (T& value : made) value = static_cast<T>(pick(generator));
    return made;
}

static std::vector<float> floats(size_t n) {
    std::normal_distribution<float> pick;
    std::vector<float> made(n);
    for (float& value : made) value = pick(generator);
    return made;
}

static float distance(const std::vector<float>& a, const std::vector<float>& b) {
    float most = 0;
    for (size_t i = 0; i < a.size(); ++i) most = std::fmax(most, std::fabs(a[i] - b[i]));
    return most;
}

int main() {
    const Kernels* portable = kernels_portable();
#if defined(__aarch64__)
    const Kernels* mine = kernels_neon();
#else
    const Kernels* mine = kernels_avx2();
#endif
    for (int kind : {8, 2})
        for (int m : {1, 2, 3, 4, 5, 9}) {
            const int k = 272, blocks = 7;
            auto x = drawn<int8_t>(size_t(m) * k, -127, 127);
            auto w = drawn<uint8_t>(size_t(k) * blocks * 16 * kind / 8, 0, kind == 8 ? 255 : 0);
            if (kind == 2)
                for (uint8_t& byte : w)
                    for (int i = 0; i < 4; ++i) byte |= (generator() % 3) << 2 * i;
            for (int i = 0; i < k; ++i) x[i] = 127;  // a saturated row
            std::vector<int32_t> a(size_t(m) * blocks * 16), b(a.size());
            mine->integer_sums(x.data(), m, k, w.data(), kind, blocks, a.data());
            portable->integer_sums(x.data(), m, k, w.data(), kind, blocks, b.data());
            expect(a == b, kind == 8 ? "sums of int8" : "sums of ternary");
        }
    const int k = 160, blocks = 5, m = 6;
    const auto x = floats(size_t(m) * k), w = floats(size_t(k) * blocks * 16);
    std::vector<float> a(size_t(m) * blocks * 16), b(a.size());
    mine->matmul_f32(x.data(), m, k, w.data(), 0, blocks, a.data(), blocks * 16, false);
    portable->matmul_f32(x.data(), m, k, w.data(), 0, blocks, b.data(), blocks * 16, false);
    expect(distance(a, b) < 1e-4, "products of floats");
    std::vector<int8_t> q(k), p(k);
    float scale, other;
    int32_t sum, total;
    mine->quantise(x.data(), k, q.data(), &scale, &sum);
    portable->quantise(x.data(), k, p.data(), &other, &total);
    expect(q == p && sum == total && scale == other, "rounding");
    a.assign(k, 0), b.assign(k, 0);
    mine->rms_norm(x.data(), w.data(), k, 1e-5f, a.data());
    portable->rms_norm(x.data(), w.data(), k, 1e-5f, b.data());
    expect(distance(a, b) < 1e-5, "norm");
    for (int activation : {0, 1, 2}) {
        mine->gate(x.data(), w.data(), k, activation, a.data());
        portable->gate(x.data(), w.data(), k, activation, b.data());
        expect(distance(a, b) < 1e-4, "gate");
    }
    const int dim = 80, count = 5, seen = 4;
    const auto keys = floats(seen * dim * 16), values = floats(seen * dim * 16), queries = floats(count * dim);
    std::vector<const void*> key, value;
    for (int i = 0; i < seen; ++i) {
        key.push_back(keys.data() + i * dim * 16);
        value.push_back(values.data() + i * dim * 16);
    }
    const int first[] = {0, 0, 3, 17, 20}, last[] = {30, 31, 40, 50, 62};
    const Attention look{key.data(), value.data(), dim, 0.1f, first, last};
    std::vector<float> scores(4 * (seen * 16 + 32));
    a.assign(count * dim, 0), b.assign(count * dim, 0);
    mine->attend(look, queries.data(), count, scores.data(), a.data());
    portable->attend(look, queries.data(), count, scores.data(), b.data());
    expect(distance(a, b) < 1e-4, "attention");
    const auto more_keys = floats(seen * 2 * dim * 16), more_values = floats(seen * 2 * dim * 16);
    for (int i = 0; i < seen; ++i) {
        key[i] = more_keys.data() + i * 2 * dim * 16;
        value[i] = more_values.data() + i * 2 * dim * 16;
    }
    const Token token{key.data(), value.data(), 2, 3, dim, 0.1f, 5, 61};
    const auto heads = floats(6 * dim);
    std::vector<float> more_scores(6 * (seen * 16 + 17));
    a.assign(6 * dim, 0), b.assign(6 * dim, 0);
    mine->attend_token(token, heads.data(), more_scores.data(), a.data());
    portable->attend_token(token, heads.data(), more_scores.data(), b.data());
    expect(distance(a, b) < 1e-4, "attention of one token");
    std::vector<uint16_t> halves(more_keys.size()), theirs(more_keys.size());
    const int size = static_cast<int>(more_keys.size());
    mine->halve(more_keys.data(), size, halves.data());
    portable->halve(more_keys.data(), size, theirs.data());
    expect(halves == theirs, "halves");
    for (int i = 0; i < seen; ++i) key[i] = value[i] = halves.data() + i * 2 * dim * 16;
    mine->attend_token_halves(token, heads.data(), more_scores.data(), a.data());
    portable->attend_token_halves(token, heads.data(), more_scores.data(), b.data());
    expect(distance(a, b) < 1e-4, "attention of one token over halves");
    a.assign(count * dim, 0), b.assign(count * dim, 0);
    mine->attend_halves(look, queries.data(), count, scores.data(), a.data());
    portable->attend_halves(look, queries.data(), count, scores.data(), b.data());
    expect(distance(a, b) < 1e-4, "attention over halves");
    auto logits = floats(16 * 9), same = logits;
    const auto bits = drawn<uint16_t>(9, 0, 65535);
    expect(mine->largest(logits.data(), bits.data(), 9) == portable->largest(same.data(), bits.data(), 9), "largest");
    expect(logits == same, "masked logits");
    logits[100] = NAN;
    expect(mine->largest(logits.data(), nullptr, 9) == -1, "a logit that is no number");
    std::printf("%s against portable: %d failures\n", mine->name, failures);
    return failures != 0;
}
