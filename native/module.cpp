// What Python sees: a network, its cache, one step at a time.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <bit>
#include <ctime>
#include <stdexcept>

#include "network.hpp"

namespace nb = nanobind;
using Floats = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Bytes = nb::ndarray<const int8_t, nb::c_contig, nb::device::cpu>;
using Integers = nb::ndarray<const int32_t, nb::c_contig, nb::device::cpu>;
using Flags = nb::ndarray<const bool, nb::c_contig, nb::device::cpu>;
static_assert(std::endian::native == std::endian::little, "masks are read by halves of words");

namespace {

std::vector<const Kernels*> available() {
    std::vector<const Kernels*> found;
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    if (avx512 && __builtin_cpu_supports("avx512vnni")) found.push_back(kernels_avx512_vnni());
    if (avx512) found.push_back(kernels_avx512());
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("f16c"))
        found.push_back(kernels_avx2());
#elif defined(__aarch64__)
    found.push_back(kernels_neon());
#endif
    found.push_back(kernels_portable());
    return found;
}

const Kernels* kernels_named(const std::string& name) {
    for (const Kernels* kernels : available())
        if (name.empty() || name == kernels->name) return kernels;
    throw std::invalid_argument("this processor does not have these kernels");
}

Kind kind_named(const std::string& name) {
    if (name == "int8") return Kind::int8;
    if (name == "ternary") return Kind::ternary;
    throw std::invalid_argument("the kind of codes is int8 or ternary");
}

void need_shape(const auto& array, size_t dimensions) {
    if (array.ndim() != dimensions) throw std::invalid_argument("an array of another dimension");
    for (size_t i = 0; i < dimensions; ++i)
        if (array.shape(i) > (1u << 24)) throw std::invalid_argument("an array is too large");
}

std::span<const int32_t> span_of(const Integers& array) {
    need_shape(array, 1);
    return {array.data(), array.shape(0)};
}

Matrix codes_of(const std::string& kind, const Bytes& codes, const Floats& scale) {
    need_shape(codes, 2);
    need_shape(scale, 1);
    if (scale.shape(0) != codes.shape(0)) throw std::invalid_argument("one scale a row is needed");
    return Matrix::of_codes(kind_named(kind), codes.data(), scale.data(),
                            static_cast<int>(codes.shape(0)), static_cast<int>(codes.shape(1)));
}

}  // namespace

NB_MODULE(_native, m) {
    // a network that is kept until the program ends is no leak
    nb::set_leak_warnings(false);
    m.doc() = "The network on a processor: packed weights, a cache in blocks, one call a step.";
    m.attr("BLOCK") = BLOCK;
    m.def("kernels", [] {
        std::vector<std::string> names;
        for (const Kernels* kernels : available()) names.emplace_back(kernels->name);
        return names;
    });

    nb::class_<Cache>(m, "Cache")
        .def_prop_ro("blocks", &Cache::blocks)
        .def_prop_ro("bytes", &Cache::bytes);

    nb::class_<Network>(m, "Network")
        .def(
            "__init__",
            [](Network* self, int vocab_size, int d_model, int num_layers, int num_heads,
               int num_kv_heads, int d_ff, int head_dim, int max_seq_len, int sliding_window,
               int activation, float norm_eps, double rope_theta, int threads,
               const std::string& kernels) {
                if (threads < 1 || threads > 256)
                    throw std::invalid_argument("threads: give 1 to 256");
                for (int size : {vocab_size, d_model, num_layers, num_heads, num_kv_heads, d_ff,
                                 head_dim, max_seq_len})
                    if (size < 1 || size > (1 << 24))
                        throw std::invalid_argument("a size lies outside of 1 to 2^24");
                const int64_t heads = static_cast<int64_t>(num_heads) + 2LL * num_kv_heads;
                if (heads * head_dim > (1 << 24))
                    throw std::invalid_argument("its heads are wider than 2^24 together");
                if (num_heads % num_kv_heads || head_dim % 2 || activation < 0 || activation > 2 ||
                    sliding_window < 0)
                    throw std::invalid_argument("no network has this shape");
                new (self) Network(Shape{vocab_size, d_model, num_layers, num_heads, num_kv_heads,
                                         d_ff, head_dim, max_seq_len, sliding_window, activation,
                                         norm_eps, rope_theta},
                                   threads, kernels_named(kernels));
            },
            nb::kw_only(), nb::arg("vocab_size"), nb::arg("d_model"), nb::arg("num_layers"),
            nb::arg("num_heads"), nb::arg("num_kv_heads"), nb::arg("d_ff"), nb::arg("head_dim"),
            nb::arg("max_seq_len"), nb::arg("sliding_window"), nb::arg("activation"),
            nb::arg("norm_eps"), nb::arg("rope_theta"), nb::arg("threads"), nb::arg("kernels"))
        .def("set_floats",
             [](Network& self, const std::string& name, const Floats& values) {
                 if (values.ndim() == 1) {
                     self.set_vector(name, {values.data(), values.shape(0)});
                     return;
                 }
                 need_shape(values, 2);
                 self.set_matrix(name, Matrix::of_floats(values.data(),
                                                         static_cast<int>(values.shape(0)),
                                                         static_cast<int>(values.shape(1))));
             })
        .def("set_codes",
             [](Network& self, const std::string& name, const std::string& kind, const Bytes& codes,
                const Floats& scale) { self.set_matrix(name, codes_of(kind, codes, scale)); })
        .def("check_complete", &Network::check_complete)
        .def("cache",
             [](const Network& self, int blocks) {
                 if (blocks < 1 || blocks > (1 << 24))
                     throw std::invalid_argument("blocks: give 1 or more");
                 return new Cache(self.shape(), blocks, self.halves());
             })
        .def("run",
             [](Network& self, Cache& cache, const Integers& tokens, const Integers& positions,
                const Integers& sequences, const Integers& tables, const Integers& wanted,
                const Integers& masks, const Flags& best_only,
                nb::ndarray<float, nb::c_contig, nb::device::cpu> logits,
                nb::ndarray<int32_t, nb::c_contig, nb::device::cpu> best) {
                 const size_t size = self.shape().vocab_size;
                 need_shape(tables, 2);
                 need_shape(masks, 2);
                 need_shape(logits, 2);
                 const size_t rows = span_of(wanted).size();
                 if (logits.shape(0) != rows || logits.shape(1) != size || best.ndim() != 1 ||
                     best.shape(0) != rows)
                     throw std::invalid_argument("logits of another shape");
                 if (masks.shape(0) && (masks.shape(0) != rows || masks.shape(1) != (size + 31) / 32))
                     throw std::invalid_argument("masks of another shape");
                 if (best_only.ndim() != 1 || (best_only.shape(0) && best_only.shape(0) != rows))
                     throw std::invalid_argument("best_only of another shape");
                 const Step step{span_of(tokens),
                                 span_of(positions),
                                 span_of(sequences),
                                 tables.data(),
                                 static_cast<int>(tables.shape(0)),
                                 static_cast<int>(tables.shape(1)),
                                 span_of(wanted),
                                 // two halves of a word are two blocks of 16 ids, the lower first
                                 masks.shape(0) ? reinterpret_cast<const uint16_t*>(masks.data())
                                                : nullptr,
                                 2 * static_cast<int>(masks.shape(1)),
                                 best_only.shape(0) ? best_only.data() : nullptr,
                                 logits.data(),
                                 best.data()};
                 nb::gil_scoped_release release;
                 self.run(cache, step);
             })
        .def_prop_ro("kernels", [](const Network& self) { return self.kernels().name; })
        .def_prop_ro("weight_bytes", &Network::weight_bytes);

    // seconds of the processor for one product of drawn codes alone, for benchmarks
    m.def("time_product", [](const std::string& kernels, const std::string& kind, int tokens,
                             int inputs, int rows) {
        if (std::min({tokens, inputs, rows}) < 1 || std::max({tokens, inputs, rows}) > 16'384)
            throw std::invalid_argument("a product of 1 to 16384 tokens, inputs and rows");
        const Kernels* table = kernels_named(kernels);
        const Kind as = kind_named(kind);
        const std::vector<int8_t> codes(static_cast<size_t>(rows) * inputs, 1);
        const std::vector<float> ones(std::max(rows, tokens), 1.0f);
        const Matrix matrix = Matrix::of_codes(as, codes.data(), ones.data(), rows, inputs);
        const std::vector<int8_t> x(static_cast<size_t>(tokens) * matrix.width(), 1);
        const std::vector<int32_t> sums(tokens, matrix.width());
        std::vector<float> y(static_cast<size_t>(tokens) * matrix.blocks() * LANES);
        auto product = as == Kind::int8 ? table->matmul_int8 : table->matmul_ternary;
        double best = 1e9;
        for (int turn = 0; turn < 20; ++turn) {
            const std::clock_t start = std::clock();
            int times = 0;
            do {
                product(x.data(), ones.data(), sums.data(), tokens, matrix.width(),
                        matrix.codes.data(), matrix.scale.data(), 0, matrix.blocks(), y.data(),
                        matrix.blocks() * LANES, false);
                ++times;
            } while (std::clock() - start < CLOCKS_PER_SEC / 100);
            best = std::min(best, double(std::clock() - start) / CLOCKS_PER_SEC / times);
        }
        return best;
    });

    // exact 32-bit sums of codes and bytes, for tests: y [m][rows padded to 16]
    m.def("integer_sums",
          [](const std::string& kernels, const std::string& kind, const Bytes& x,
             const Bytes& codes, nb::ndarray<int32_t, nb::c_contig, nb::device::cpu> y) {
              need_shape(x, 2);
              need_shape(y, 2);
              need_shape(codes, 2);
              const std::vector<float> ones(codes.shape(0), 1.0f);
              const Matrix matrix =
                  Matrix::of_codes(kind_named(kind), codes.data(), ones.data(),
                                   static_cast<int>(codes.shape(0)), static_cast<int>(codes.shape(1)));
              if (x.shape(1) != static_cast<size_t>(matrix.width()) || y.shape(0) != x.shape(0) ||
                  y.shape(1) != static_cast<size_t>(matrix.blocks()) * LANES)
                  throw std::invalid_argument("arrays that do not fit each other");
              kernels_named(kernels)->integer_sums(
                  x.data(), static_cast<int>(x.shape(0)), matrix.width(), matrix.codes.data(),
                  static_cast<int>(kind_named(kind)), matrix.blocks(), y.data());
          });

    // floats to halves as the cache keeps them, for tests: a multiple of 16 of them
    m.def("halve", [](const std::string& kernels, const Floats& x,
                      nb::ndarray<uint16_t, nb::c_contig, nb::device::cpu> y) {
        if (x.size() != y.size() || x.size() % LANES)
            throw std::invalid_argument("arrays that do not fit each other");
        kernels_named(kernels)->halve(x.data(), static_cast<int>(x.size()), y.data());
    });
}
