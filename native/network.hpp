// The network as the runtime sees it: packed weights, a cache of keys and values, one step.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "kernels.hpp"
#include "memory.hpp"
#include "threads.hpp"

constexpr int padded(int n) { return (n + LANES - 1) / LANES * LANES; }
constexpr int MOST_INPUTS = 65'536;  // of a matrix of codes, see kernels.hpp

enum class Kind { f32 = 0, int8 = 8, ternary = 2 };

// A matrix [rows, inputs], packed as kernels.hpp says; rows and inputs are padded to 16.
struct Matrix {
    Kind kind = Kind::f32;
    int rows = 0, inputs = 0;
    Aligned<float> floats;
    Aligned<uint8_t> codes;
    Aligned<float> scale;  // per row; none for fp32

    static Matrix of_floats(const float* w, int rows, int inputs);
    // codes: int8 -127..127, ternary -1..1
    static Matrix of_codes(Kind kind, const int8_t* w, const float* scale, int rows, int inputs);

    int blocks() const { return padded(rows) / LANES; }
    int width() const { return padded(inputs); }
    size_t bytes() const { return floats.size() * 4 + codes.size() + scale.size() * 4; }
    void row(int index, float* out) const;  // [inputs]
};

struct Shape {
    int vocab_size, d_model, num_layers, num_heads, num_kv_heads, d_ff, head_dim, max_seq_len;
    int sliding_window;  // 0: none
    int activation;      // 0 silu, 1 gelu, 2 squared relu
    float norm_eps;
    double rope_theta;

    int group() const { return num_heads / num_kv_heads; }
    int qkv_rows() const { return (num_heads + 2 * num_kv_heads) * head_dim; }
};

// Keys and values of `blocks` times 16 positions, for every layer and head.
class Cache {
   public:
    Cache(const Shape& shape, int blocks, bool halves);
    int blocks() const { return blocks_; }
    bool fits(const Shape& shape, bool halves) const;  // made for a network of this shape
    // floats or halves, [D][16] and [16][D], D padded to 16; the heads of a block follow each other
    void* keys(int layer, int block, int head) { return at(layer, block, head); }
    void* values(int layer, int block, int head) {
        return at(layer, block, head) + memory_.size() / 2;
    }
    size_t bytes() const { return memory_.size(); }

   private:
    char* at(int layer, int block, int head) {
        size_t place = (static_cast<size_t>(layer) * blocks_ + block) * heads_ + head;
        return memory_.data() + place * part_;
    }
    int blocks_, layers_, heads_;
    size_t part_;  // bytes of the keys, or of the values, of a head in a block
    Aligned<char> memory_;
};

// Tokens of any number of sequences, those of one sequence side by side and in order.
struct Step {
    std::span<const int32_t> tokens, positions;
    std::span<const int32_t> sequences;  // per token: its row of tables
    const int32_t* tables;               // [sequences][width]: blocks of the cache, in order
    int sequence_count, table_width;
    std::span<const int32_t> wanted;  // tokens (by place) whose logits are computed
    const uint16_t* masks;            // [wanted][mask_width]: bits of the ids that may come, or all
    int mask_width;                   // in blocks of 16 ids
    const bool* best_only;            // [wanted]: the likeliest id is enough, or none
    float* logits;                    // [wanted][vocab_size]; not written where best is enough
    int32_t* best;                    // [wanted]: the likeliest id; -1 where there is none, or a
                                      // logit that is no number, and the logits are written
};

class Network {
   public:
    Network(const Shape& shape, int threads, const Kernels* kernels);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    void set_matrix(const std::string& name, Matrix matrix);
    void set_vector(const std::string& name, std::span<const float> values);
    void check_complete() const;  // throws std::invalid_argument naming what is missing
    void run(Cache& cache, const Step& step);  // calls from several threads take turns
    const Shape& shape() const { return shape_; }
    const Kernels& kernels() const { return *kernels_; }
    size_t weight_bytes() const;
    // Whether keys and values are kept as halves: where weights are codes these are exact enough,
    // and the memory is read twice as fast.
    bool halves() const { return layers_.front().qkv.kind != Kind::f32; }
    void after_fork();  // in the child, where it is the only thread

   private:
    struct Layer {
        Aligned<float> attention_norm, mlp_norm;
        Matrix qkv, output, gate, up, down;
    };
    struct Input;
    struct Part;
    struct Runs;
    struct Stretch;
    struct Workspace;

    void check(const Cache& cache, const Step& step) const;
    void work(Cache& cache, const Step& step, int id);
    void attention(Cache& cache, const Step& step, int layer, int id);
    void remember(Cache& cache, const Step& step, int layer, int head, int token, int id);
    void query(const Step& step, int head, int token, float* queries) const;
    void attend_together(Cache& cache, const Step& step, int layer, int head, const Stretch& some,
                         int id);
    void attend_alone(Cache& cache, const Step& step, int layer, const Stretch& one, int id);
    void plan(const Step& step);
    void logits(const Step& step, int id);
    void choose(const Step& step, int row, float* logits) const;
    Part part(int rows, int id) const;
    void meet(const Part& part);
    Input input(const Matrix& matrix, const float* x, const Part& part, int id, bool normed,
                const float* norm);
    void product(const Matrix& matrix, const Input& in, int rows, int begin, int end, float* y,
                 int stride, bool add = false) const;
    void multiply(const Matrix& matrix, const Input& in, const Part& part, float* y,
                  bool add = false) const;
    void gated(const Layer& layer, const Input& in, const Part& part, int id);
    void reserve(const Step& step);
    void turn_up_to(int positions);

    Shape shape_;
    const Kernels* kernels_;
    Threads threads_;
    Matrix embedding_, head_;
    Aligned<float> norm_;
    std::vector<Layer> layers_;
    // [positions][head_dim / 2], of as many positions as were asked for: a context that is
    // only announced costs nothing
    std::vector<float> cos_, sin_;
    int turned_ = 0;
    std::mutex running_;
    std::unique_ptr<Workspace> space_;
};
