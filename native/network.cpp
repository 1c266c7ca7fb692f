#include "network.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <new>
#include <set>
#include <stdexcept>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

// --- matrices ------------------------------------------------------------------------------

Matrix Matrix::of_floats(const float* w, int rows, int inputs) {
    Matrix m;
    m.rows = rows;
    m.inputs = inputs;
    const size_t width = m.width();
    m.floats = Aligned<float>::for_weights(m.blocks() * width * LANES);
    for (int r = 0; r < rows; ++r) {
        float* lane = m.floats.data() + r / LANES * width * LANES + r % LANES;
        for (int i = 0; i < inputs; ++i) lane[static_cast<size_t>(i) * LANES] = w[i];
        w += inputs;
    }
    return m;
}

Matrix Matrix::of_codes(Kind kind, const int8_t* w, const float* scale, int rows, int inputs) {
    const bool ternary = kind == Kind::ternary;
    if (inputs > MOST_INPUTS) throw std::invalid_argument("codes have more than 65,536 inputs a row");
    const int offset = ternary ? 1 : 128, low = ternary ? -1 : -127, high = ternary ? 1 : 127;
    Matrix m;
    m.kind = kind;
    m.rows = rows;
    m.inputs = inputs;
    const size_t width = m.width(), block = width * LANES / (ternary ? 4 : 1);
    m.codes = Aligned<uint8_t>::for_weights(m.blocks() * block);
    m.scale = Aligned<float>(padded(rows));
    std::copy_n(scale, rows, m.scale.data());
    for (int r = 0; r < padded(rows); ++r) {
        uint8_t* lanes = m.codes.data() + r / LANES * block;
        for (int i = 0; i < static_cast<int>(width); ++i) {
            const int value = r < rows && i < inputs ? w[i] : 0;
            if (value < low || value > high)
                throw std::invalid_argument("a code lies outside of its range");
            const auto code = static_cast<uint8_t>(value + offset);
            if (ternary)
                lanes[i / 16 * 64 + r % LANES * 4 + i % 4] |= code << (2 * (i % 16 / 4));
            else
                lanes[i / 4 * 64 + r % LANES * 4 + i % 4] = code;
        }
        w += r < rows ? inputs : 0;
    }
    return m;
}

void Matrix::row(int index, float* out) const {
    const size_t start = static_cast<size_t>(index / LANES) * width() * LANES;
    const int lane = index % LANES;
    for (int i = 0; i < inputs; ++i) {
        if (kind == Kind::f32)
            out[i] = floats[start + static_cast<size_t>(i) * LANES + lane];
        else if (kind == Kind::int8)
            out[i] = scale[index] * (codes[start + i / 4 * 64 + lane * 4 + i % 4] - 128);
        else {
            const int byte = codes[start / 4 + i / 16 * 64 + lane * 4 + i % 4];
            out[i] = scale[index] * ((byte >> (2 * (i % 16 / 4)) & 3) - 1);
        }
    }
}

// The product, or bad_alloc where it is no size: what is asked for is too large either way.
static size_t size_of(std::initializer_list<size_t> factors) {
    size_t size = 1;
    for (const size_t factor : factors) {
        if (factor && size > std::numeric_limits<size_t>::max() / factor) throw std::bad_alloc();
        size *= factor;
    }
    return size;
}

static size_t part_bytes(const Shape& shape, bool halves) {
    return static_cast<size_t>(padded(shape.head_dim)) * BLOCK * (halves ? 2 : 4);
}

Cache::Cache(const Shape& shape, int blocks, bool halves)
    : blocks_(blocks),
      layers_(shape.num_layers),
      heads_(shape.num_kv_heads),
      part_(part_bytes(shape, halves)),
      memory_(size_of({static_cast<size_t>(layers_), static_cast<size_t>(blocks),
                       static_cast<size_t>(heads_), 2, part_})) {}

bool Cache::fits(const Shape& shape, bool halves) const {
    return layers_ == shape.num_layers && heads_ == shape.num_kv_heads &&
           part_ == part_bytes(shape, halves);
}

// --- a step --------------------------------------------------------------------------------

// Queries of one head that are looked up together.
constexpr int QUERIES = 32;

// Rows, and blocks of outputs, that are gated while they are in the processor's cache.
constexpr int GATED_ROWS = 32, GATED_BLOCKS = 8;

// From so many rows a thread on, rows are shared out instead of outputs.
constexpr int ROWS_OF_A_THREAD = 32;

// What a matrix is multiplied with: floats, or bytes with a scale and a sum per row.
struct Network::Input {
    const float* floats = nullptr;
    const int8_t* bytes = nullptr;
    const float* scale = nullptr;
    const int32_t* sum = nullptr;

    Input from(int row, int width) const {
        const size_t start = static_cast<size_t>(row) * width;
        if (!bytes) return {.floats = floats + start};
        return {floats + start, bytes + start, scale + row, sum + row};
    }
};

// What a thread computes of a product: these rows, and of the blocks of outputs the `index`-th of
// `of` shares. Tiles of four blocks stay together.
struct Network::Part {
    int first, count;
    bool rows_are_own;
    int index, of;

    std::pair<int, int> share(int blocks) const {
        const int tiles = (blocks + 3) / 4;
        return {std::min(blocks, tiles * index / of * 4),
                std::min(blocks, tiles * (index + 1) / of * 4)};
    }
};

// Blocks of 16 logits of a row that are computed, as runs [begin, end): all, or those in which
// something may come. Where that is most of them, they are computed as a whole.
struct Network::Runs {
    std::vector<std::pair<int, int>> runs;
    bool whole = true;
};

// Tokens of one sequence, side by side in a step.
struct Network::Stretch {
    int token, count;
};

struct Network::Workspace {
    struct Rows {
        Aligned<float> normed, scale;
        Aligned<int8_t> bytes;
        Aligned<int32_t> sum;
        Rows(int rows, int width)
            : normed(static_cast<size_t>(rows) * width),
              scale(rows),
              bytes(static_cast<size_t>(rows) * width),
              sum(rows) {}
    };
    struct Own {  // a thread's own
        Rows row;
        Aligned<float> scores, queries, outputs;
        Aligned<float> gate, up;  // of as many rows and outputs as are computed together
        Aligned<float> turned;
        Aligned<uint16_t> halved;
        std::vector<const void*> keys, values;
        std::vector<int> first, last;
    };

    int tokens, wanted, positions;  // room for so many
    std::vector<Runs> runs;         // per wanted token
    std::vector<int> order;         // wanted tokens: those whose logits are computed as a whole first
    int whole = 0;                  // how many these are
    std::vector<Stretch> stretches;
    int alone = 0;  // stretches of one token
    Aligned<float> x, qkv, attended, hidden, last, logits;
    Rows rows;
    std::vector<Own> own;

    // Everything that a step needs, because a thread that runs must not run out of memory.
    Workspace(const Shape& s, int tokens_, int wanted_, int positions_, int threads)
        : tokens(tokens_),
          wanted(wanted_),
          positions(positions_),
          runs(wanted_),
          x(size(tokens_, s.d_model)),
          qkv(size(tokens_, s.qkv_rows())),
          attended(size(tokens_, s.num_heads * s.head_dim)),
          hidden(size(tokens_, s.d_ff)),
          last(size(wanted_, s.d_model)),
          logits(size(wanted_, s.vocab_size)),
          rows(std::max(tokens_, wanted_), widest(s)) {
        const size_t queries = std::max(QUERIES + s.group(), s.num_heads);
        const size_t width = padded(s.head_dim), rows_of_scores = std::max(4, s.num_heads);
        const size_t blocks = positions / BLOCK + 1;
        for (int i = 0; i < threads; ++i)
            own.push_back(Own{Rows(1, widest(s)),
                              Aligned<float>(rows_of_scores *
                                             (static_cast<size_t>(positions) + 2 * BLOCK)),
                              Aligned<float>(queries * width), Aligned<float>(queries * width),
                              Aligned<float>(GATED_ROWS * GATED_BLOCKS * LANES),
                              Aligned<float>(GATED_ROWS * GATED_BLOCKS * LANES),
                              Aligned<float>(width), Aligned<uint16_t>(2 * width),
                              std::vector<const void*>(blocks), std::vector<const void*>(blocks),
                              std::vector<int>(queries), std::vector<int>(queries)});
    }

    static size_t size(int rows, int width) { return static_cast<size_t>(rows) * padded(width); }
    static int widest(const Shape& s) {
        return padded(std::max({s.d_model, s.d_ff, s.num_heads * s.head_dim}));
    }
};

// The networks that are there, so that a child of a fork can set them right.
struct Forks {
    std::mutex mutex;
    std::set<Network*> networks;

    static Forks& all() {
        static Forks forks;
        return forks;
    }

   private:
    Forks() {
#if defined(__unix__) || defined(__APPLE__)
        pthread_atfork([] { all().mutex.lock(); }, [] { all().mutex.unlock(); },
                       [] {
                           for (Network* network : all().networks) network->after_fork();
                           all().mutex.unlock();
                       });
#endif
    }
};

Network::Network(const Shape& shape, int threads, const Kernels* kernels)
    : shape_(shape), kernels_(kernels), threads_(threads), layers_(shape.num_layers) {
    const std::lock_guard<std::mutex> alone(Forks::all().mutex);
    Forks::all().networks.insert(this);
}

Network::~Network() {
    const std::lock_guard<std::mutex> alone(Forks::all().mutex);
    Forks::all().networks.erase(this);
}

void Network::after_fork() {
    threads_.forget();
    new (&running_) std::mutex;  // another thread may have held it
}

// The angles of so many positions.
void Network::turn_up_to(int positions) {
    if (positions <= turned_) return;
    const int half = shape_.head_dim / 2;
    cos_.resize(static_cast<size_t>(positions) * half);
    sin_.resize(cos_.size());
    for (int i = 0; i < half; ++i) {
        const double frequency = std::pow(shape_.rope_theta, -2.0 * i / shape_.head_dim);
        for (int position = turned_; position < positions; ++position) {
            const size_t place = static_cast<size_t>(position) * half + i;
            cos_[place] = static_cast<float>(std::cos(position * frequency));
            sin_[place] = static_cast<float>(std::sin(position * frequency));
        }
    }
    turned_ = positions;
}

void Network::reserve(const Step& step) {
    int tokens = static_cast<int>(step.tokens.size()), wanted = static_cast<int>(step.wanted.size());
    int positions = *std::max_element(step.positions.begin(), step.positions.end()) + 1;
    if (space_ && tokens <= space_->tokens && wanted <= space_->wanted &&
        positions <= space_->positions)
        return;
    // powers of two, so that a sequence that grows is seldom moved
    positions = std::bit_ceil(static_cast<unsigned>(std::max(positions, 256)));
    positions = std::min(positions, shape_.max_seq_len);
    if (space_) {
        tokens = std::max(tokens, space_->tokens);
        wanted = std::max(wanted, space_->wanted);
        positions = std::max(positions, space_->positions);
    }
    turn_up_to(positions);
    space_ = std::make_unique<Workspace>(shape_, tokens, wanted, positions, threads_.count());
}

void Network::run(Cache& cache, const Step& step) {
    const std::lock_guard<std::mutex> alone(running_);
    check(cache, step);
    if (step.tokens.empty()) return;
    reserve(step);
    plan(step);
    threads_.run([&](int id) { work(cache, step, id); });
}

// Few rows share the weights out: each thread computes some outputs of every row. Of many rows
// each thread takes its own, which then stay in its cache, and nobody waits but for attention.
Network::Part Network::part(int rows, int id) const {
    const int threads = threads_.count();
    if (rows < threads * ROWS_OF_A_THREAD) return {0, rows, false, id, threads};
    const int first = rows * id / threads;
    return {first, rows * (id + 1) / threads - first, true, 0, 1};
}

// Where the next phase needs what the others have computed.
void Network::meet(const Part& part) {
    if (!part.rows_are_own) threads_.barrier();
}

// Rows x [rows][width], normed if asked, in the form that `matrix` is multiplied with. One row
// is made ready by every thread for itself, which costs less than waiting for another.
Network::Input Network::input(const Matrix& matrix, const float* x, const Part& part, int id,
                              bool normed, const float* norm) {
    const bool bytes = matrix.kind != Kind::f32;
    const size_t width = matrix.width();
    if (!bytes && !normed) return Input{.floats = x}.from(part.first, width);
    const bool alone = part.count == 1 && !part.rows_are_own;
    Workspace::Rows& place = alone ? space_->own[id].row : space_->rows;
    // rows of any width: a thread's own must not lie where another's lie in another phase
    const size_t start = static_cast<size_t>(part.first) * Workspace::widest(shape_);
    const Input ready{place.normed.data() + start, bytes ? place.bytes.data() + start : nullptr,
                      place.scale.data() + part.first, place.sum.data() + part.first};
    const int begin = alone ? 0 : part.index, step = alone ? 1 : part.of;
    for (int r = begin; r < part.count; r += step) {
        const float* row = x + (part.first + r) * width;
        if (normed) {
            float* normed_row = place.normed.data() + start + r * width;
            kernels_->rms_norm(row, norm, shape_.d_model, shape_.norm_eps, normed_row);
            row = normed_row;
        }
        if (bytes)
            kernels_->quantise(row, static_cast<int>(width),
                               place.bytes.data() + start + r * width,
                               &place.scale[part.first + r], &place.sum[part.first + r]);
    }
    if (!alone) meet(part);
    return ready;
}

// Some rows and blocks of outputs: y is where the first of them goes.
void Network::product(const Matrix& m, const Input& in, int rows, int begin, int end, float* y,
                      int stride, bool add) const {
    if (m.kind == Kind::f32)
        kernels_->matmul_f32(in.floats, rows, m.width(), m.floats.data(), begin, end, y, stride,
                             add);
    else
        (m.kind == Kind::int8 ? kernels_->matmul_int8 : kernels_->matmul_ternary)(
            in.bytes, in.scale, in.sum, rows, m.width(), m.codes.data(), m.scale.data(), begin, end,
            y, stride, add);
}

// This thread's part of the product of all rows with a matrix.
void Network::multiply(const Matrix& m, const Input& in, const Part& part, float* y,
                       bool add) const {
    const int stride = m.blocks() * LANES;
    const auto [begin, end] = part.share(m.blocks());
    product(m, in, part.count, begin, end,
            y + static_cast<size_t>(part.first) * stride + begin * LANES, stride, add);
}

// hidden = activation(gate) * up. Both are gone as soon as they are used.
void Network::gated(const Layer& layer, const Input& in, const Part& part, int id) {
    const size_t width = layer.gate.width(), wide = padded(shape_.d_ff);
    Workspace& s = *space_;
    Workspace::Own& own = s.own[id];
    const auto [begin, end] = part.share(layer.gate.blocks());
    for (int block = begin; block < end; block += GATED_BLOCKS) {
        const int after = std::min(end, block + GATED_BLOCKS), made = (after - block) * LANES;
        for (int row = 0; row < part.count; row += GATED_ROWS) {
            const int rows = std::min(part.count - row, GATED_ROWS);
            const Input some = in.from(row, width);
            product(layer.gate, some, rows, block, after, own.gate.data(), made);
            product(layer.up, some, rows, block, after, own.up.data(), made);
            float* hidden = s.hidden.data() + (part.first + row) * wide + block * LANES;
            for (int r = 0; r < rows; ++r)
                kernels_->gate(own.gate.data() + r * made, own.up.data() + r * made, made,
                               shape_.activation, hidden + r * wide);
        }
    }
}

void Network::work(Cache& cache, const Step& step, int id) {
    const int rows = static_cast<int>(step.tokens.size()), width = padded(shape_.d_model);
    const Part part = this->part(rows, id);
    Workspace& s = *space_;
    for (int r = part.first + part.index; r < part.first + part.count; r += part.of)
        embedding_.row(step.tokens[r], s.x.data() + static_cast<size_t>(r) * width);
    meet(part);
    for (int number = 0; number < shape_.num_layers; ++number) {
        const Layer& layer = layers_[number];
        Input in = input(layer.qkv, s.x.data(), part, id, true, layer.attention_norm.data());
        multiply(layer.qkv, in, part, s.qkv.data());
        threads_.barrier();
        attention(cache, step, number, id);
        threads_.barrier();
        in = input(layer.output, s.attended.data(), part, id, false, nullptr);
        multiply(layer.output, in, part, s.x.data(), true);
        meet(part);
        in = input(layer.gate, s.x.data(), part, id, true, layer.mlp_norm.data());
        gated(layer, in, part, id);
        meet(part);
        in = input(layer.down, s.hidden.data(), part, id, false, nullptr);
        multiply(layer.down, in, part, s.x.data(), true);
        meet(part);
    }
    if (part.rows_are_own) threads_.barrier();  // logits are of any row
    logits(step, id);
}

// A key goes into a column of its block, a value into a row.
template <class T>
static void keep(const T* key, const T* value, int dim, void* keys, void* values, int place) {
    T* column = static_cast<T*>(keys) + place;
    for (int i = 0; i < dim; ++i) column[i * BLOCK] = key[i];
    std::copy_n(value, dim, static_cast<T*>(values) + static_cast<size_t>(place) * padded(dim));
}

// Writes keys and values of a token into its block.
void Network::remember(Cache& cache, const Step& step, int layer, int head, int token, int id) {
    const int dim = shape_.head_dim, half = dim / 2;
    Workspace& s = *space_;
    const int position = step.positions[token], place = position % BLOCK;
    const int block = step.tables[static_cast<size_t>(step.sequences[token]) * step.table_width +
                                  position / BLOCK];
    const float* key = s.qkv.data() + static_cast<size_t>(token) * padded(shape_.qkv_rows()) +
                       (shape_.num_heads + head) * dim;
    const float* value = key + shape_.num_kv_heads * dim;
    const size_t angle = static_cast<size_t>(position) * half;
    Workspace::Own& own = s.own[id];
    void* const keys = cache.keys(layer, block, head);
    void* const values = cache.values(layer, block, head);
    kernels_->rotate(key, &cos_[angle], &sin_[angle], half, own.turned.data());
    if (!halves()) return keep(own.turned.data(), value, dim, keys, values, place);
    const int wide = padded(dim);
    uint16_t* halved = own.halved.data();
    kernels_->halve(own.turned.data(), wide, halved);
    std::copy_n(value, dim, own.turned.data());
    kernels_->halve(own.turned.data(), wide, halved + wide);
    keep(halved, halved + wide, dim, keys, values, place);
}

// The turned queries [group][D] of a token that look at one head of keys.
void Network::query(const Step& step, int head, int token, float* queries) const {
    const int dim = shape_.head_dim, half = dim / 2, group = shape_.group();
    const float* q = space_->qkv.data() + static_cast<size_t>(token) * padded(shape_.qkv_rows()) +
                     static_cast<size_t>(head) * group * dim;
    const size_t angle = static_cast<size_t>(step.positions[token]) * half;
    for (int g = 0; g < group; ++g)
        kernels_->rotate(q + g * dim, &cos_[angle], &sin_[angle], half, queries + g * padded(dim));
}

// Many tokens of a sequence: they look at a head's keys together, as many as fit.
void Network::attend_together(Cache& cache, const Step& step, int layer, int head,
                              const Stretch& some, int id) {
    const int dim = shape_.head_dim, wide = padded(dim), group = shape_.group();
    const int stride = padded(shape_.num_heads * dim), window = shape_.sliding_window;
    const int most = std::max(1, QUERIES / group);
    Workspace& s = *space_;
    Workspace::Own& own = s.own[id];
    const int32_t* table = step.tables + static_cast<size_t>(step.sequences[some.token]) * step.table_width;
    for (int start = some.token, count; start < some.token + some.count; start += count) {
        count = std::min(most, some.token + some.count - start);
        const int blocks = step.positions[start + count - 1] / BLOCK + 1;
        for (int b = 0; b < blocks; ++b) {
            own.keys[b] = cache.keys(layer, table[b], head);
            own.values[b] = cache.values(layer, table[b], head);
        }
        for (int i = 0; i < count; ++i) {
            const int position = step.positions[start + i];
            query(step, head, start + i, own.queries.data() + static_cast<size_t>(i) * group * wide);
            for (int row = i * group; row < (i + 1) * group; ++row) {
                own.first[row] = window ? std::max(0, position - window + 1) : 0;
                own.last[row] = position;
            }
        }
        const Attention look{own.keys.data(), own.values.data(), wide,
                             1.0f / std::sqrt(static_cast<float>(dim)), own.first.data(),
                             own.last.data()};
        (halves() ? kernels_->attend_halves : kernels_->attend)(
            look, own.queries.data(), count * group, own.scores.data(), own.outputs.data());
        for (int row = 0; row < count * group; ++row)
            std::copy_n(own.outputs.data() + static_cast<size_t>(row) * wide, dim,
                        s.attended.data() + static_cast<size_t>(start + row / group) * stride +
                            (head * group + row % group) * dim);
    }
}

// One token of a sequence, with all its heads.
void Network::attend_alone(Cache& cache, const Step& step, int layer, const Stretch& one, int id) {
    const int dim = shape_.head_dim, wide = padded(dim), group = shape_.group();
    const int position = step.positions[one.token], window = shape_.sliding_window;
    Workspace& s = *space_;
    Workspace::Own& own = s.own[id];
    const int32_t* table = step.tables + static_cast<size_t>(step.sequences[one.token]) * step.table_width;
    for (int b = 0; b <= position / BLOCK; ++b) {
        own.keys[b] = cache.keys(layer, table[b], 0);
        own.values[b] = cache.values(layer, table[b], 0);
    }
    for (int head = 0; head < shape_.num_kv_heads; ++head)
        query(step, head, one.token, own.queries.data() + static_cast<size_t>(head) * group * wide);
    const Token look{own.keys.data(), own.values.data(), shape_.num_kv_heads, group, wide,
                     1.0f / std::sqrt(static_cast<float>(dim)),
                     window ? std::max(0, position - window + 1) : 0, position};
    (halves() ? kernels_->attend_token_halves : kernels_->attend_token)(
        look, own.queries.data(), own.scores.data(), own.outputs.data());
    float* out = s.attended.data() + static_cast<size_t>(one.token) * padded(shape_.num_heads * dim);
    for (int head = 0; head < shape_.num_heads; ++head)
        std::copy_n(own.outputs.data() + static_cast<size_t>(head) * wide, dim, out + head * dim);
}

// What a thread computes needs nothing of another: heads of keys and values are shared out, or,
// where many sequences go on by a token, these.
void Network::attention(Cache& cache, const Step& step, int layer, int id) {
    const Workspace& s = *space_;
    const int threads = threads_.count();
    const bool apart = s.alone >= 2 * threads;
    int number = 0;
    for (const Stretch& some : s.stretches) {
        if (apart && some.count == 1) {
            if (number++ % threads != id) continue;
            for (int head = 0; head < shape_.num_kv_heads; ++head)
                remember(cache, step, layer, head, some.token, id);
            attend_alone(cache, step, layer, some, id);
            continue;
        }
        for (int head = id; head < shape_.num_kv_heads; head += threads) {
            for (int t = some.token; t < some.token + some.count; ++t)
                remember(cache, step, layer, head, t, id);
            attend_together(cache, step, layer, head, some, id);
        }
    }
}

void Network::plan(const Step& step) {
    Workspace& s = *space_;
    const int blocks = (head_.rows ? head_ : embedding_).blocks();
    s.stretches.clear();
    const int tokens = static_cast<int>(step.tokens.size());
    for (int t = 0; t < tokens; ++t)
        if (t && step.sequences[t] == step.sequences[t - 1])
            ++s.stretches.back().count;
        else
            s.stretches.push_back({t, 1});
    s.alone = static_cast<int>(std::count_if(s.stretches.begin(), s.stretches.end(),
                                             [](const Stretch& some) { return some.count == 1; }));
    s.order.clear();
    for (size_t r = 0; r < step.wanted.size(); ++r) {
        Runs& row = s.runs[r];
        row.runs.clear();
        row.whole = true;
        if (step.masks) {
            const uint16_t* bits = step.masks + r * step.mask_width;
            int count = 0;
            for (int b = 0; b < blocks; ++b) {
                if (!bits[b]) continue;
                ++count;
                if (!row.runs.empty() && row.runs.back().second == b)
                    ++row.runs.back().second;
                else
                    row.runs.emplace_back(b, b + 1);
            }
            row.whole = 2 * count > blocks;
        }
        if (row.whole) {
            row.runs.assign(1, {0, blocks});
            s.order.push_back(static_cast<int>(r));
        }
    }
    s.whole = static_cast<int>(s.order.size());
    for (size_t r = 0; r < step.wanted.size(); ++r)
        if (!s.runs[r].whole) s.order.push_back(static_cast<int>(r));
}

void Network::logits(const Step& step, int id) {
    const int rows = static_cast<int>(step.wanted.size()), width = padded(shape_.d_model);
    if (rows == 0) return;
    const Matrix& head = head_.rows ? head_ : embedding_;
    Workspace& s = *space_;
    const int threads = threads_.count();
    for (int place = id; place < rows; place += threads)
        std::copy_n(s.x.data() + static_cast<size_t>(step.wanted[s.order[place]]) * width, width,
                    s.last.data() + static_cast<size_t>(place) * width);
    threads_.barrier();
    Part part{0, rows, false, id, threads};
    const Input in = input(head, s.last.data(), part, id, true, norm_.data());
    const int stride = head.blocks() * LANES;
    part.count = s.whole;
    if (s.whole) multiply(head, in, part, s.logits.data());
    for (int place = s.whole; place < rows; ++place) {
        const Input row = in.from(place, width);
        float* y = s.logits.data() + static_cast<size_t>(place) * stride;
        const auto& runs = s.runs[s.order[place]].runs;
        int total = 0, done = 0;
        for (const auto& [from, to] : runs) total += to - from;
        const int first = total * id / threads, after = total * (id + 1) / threads;
        for (const auto& [from, to] : runs) {  // a thread's part of the blocks, in order
            const int begin = std::max(from, from + first - done);
            const int end = std::min(to, from + after - done);
            if (begin < end) product(head, row, 1, begin, end, y + begin * LANES, stride);
            done += to - from;
        }
    }
    threads_.barrier();
    for (int place = id; place < rows; place += threads)
        choose(step, s.order[place], s.logits.data() + static_cast<size_t>(place) * stride);
}

// The likeliest id of a row, and its logits where they are asked for.
void Network::choose(const Step& step, int row, float* logits) const {
    const int size = shape_.vocab_size, last = size / LANES;
    const uint16_t* bits = step.masks ? step.masks + static_cast<size_t>(row) * step.mask_width : nullptr;
    int best = -1;
    bool finite = true;
    auto look = [&](int from, int to, const uint16_t* allowed) {
        if (from >= to) return;
        const int place = kernels_->largest(logits + from * LANES, allowed, to - from);
        finite = finite && place >= 0;
        if (place >= 0 && (best < 0 || logits[from * LANES + place] > logits[best]))
            best = from * LANES + place;
    };
    for (const auto& [from, to] : space_->runs[row].runs) {
        look(from, std::min(to, last), bits ? bits + from : nullptr);
        if (to > last) {  // ids that only fill up the last block never come
            const int there = (1 << size % LANES) - 1;
            const auto allowed = static_cast<uint16_t>(bits ? bits[last] & there : there);
            look(last, to, &allowed);
        }
    }
    if (!finite || (best >= 0 && logits[best] == -std::numeric_limits<float>::infinity())) best = -1;
    step.best[row] = best;
    if (best >= 0 && step.best_only && step.best_only[row]) return;
    float* out = step.logits + static_cast<size_t>(row) * size;
    int done = 0;
    for (const auto& [from, to] : space_->runs[row].runs) {
        std::fill(out + done, out + from * LANES, -std::numeric_limits<float>::infinity());
        done = std::min(to * LANES, size);
        std::copy(logits + from * LANES, logits + done, out + from * LANES);
    }
    std::fill(out + done, out + size, -std::numeric_limits<float>::infinity());
}

// --- what comes from outside is checked once, before anything is computed ------------------

static void need(bool holds, const char* otherwise) {
    if (!holds) throw std::invalid_argument(otherwise);
}

void Network::check(const Cache& cache, const Step& step) const {
    const size_t rows = step.tokens.size();
    need(cache.fits(shape_, halves()), "a cache of another network");
    need(step.positions.size() == rows && step.sequences.size() == rows,
         "tokens, positions and sequences are not of one length");
    for (size_t i = 0; i < rows; ++i) {
        need(step.tokens[i] >= 0 && step.tokens[i] < shape_.vocab_size,
             "a token lies outside of the vocabulary");
        const int position = step.positions[i], sequence = step.sequences[i];
        need(position >= 0 && position < shape_.max_seq_len,
             "a position lies outside of the context");
        need(sequence >= 0 && sequence < step.sequence_count, "a sequence has no table");
        need(position / BLOCK < step.table_width, "a position has no block in its table");
        need(i == 0 || sequence >= step.sequences[i - 1],
             "the tokens of a sequence do not stand side by side");
        if (i > 0 && step.sequences[i - 1] == sequence)
            need(position == step.positions[i - 1] + 1, "positions of a sequence do not follow");
        for (int b = 0; b <= position / BLOCK; ++b) {
            const int block = step.tables[static_cast<size_t>(sequence) * step.table_width + b];
            need(block >= 0 && block < cache.blocks(), "a table names a block that is not there");
        }
    }
    for (const int wanted : step.wanted)
        need(wanted >= 0 && wanted < static_cast<int>(rows), "logits of a token that is not there");
}

static Matrix* matrix_of(auto& layer, const std::string& name) {
    if (name == "qkv") return &layer.qkv;
    if (name == "output") return &layer.output;
    if (name == "gate") return &layer.gate;
    if (name == "up") return &layer.up;
    if (name == "down") return &layer.down;
    return nullptr;
}

// "layers.3.qkv" is layer 3, "qkv"
static std::pair<int, std::string> layer_of(const std::string& name, size_t layers) {
    need(name.starts_with("layers."), "a weight of an unknown name");
    const size_t dot = name.find('.', 7);
    need(dot != std::string::npos && dot > 7 && dot < 14, "a weight of an unknown name");
    for (size_t i = 7; i < dot; ++i)
        need(name[i] >= '0' && name[i] <= '9', "a weight of an unknown name");
    const int number = std::stoi(name.substr(7, dot - 7));
    need(static_cast<size_t>(number) < layers, "a weight of a layer that is not there");
    return {number, name.substr(dot + 1)};
}

void Network::set_matrix(const std::string& name, Matrix matrix) {
    const int d = shape_.d_model, wide = shape_.num_heads * shape_.head_dim;
    int rows = shape_.vocab_size, inputs = d;
    Matrix* place = name == "embedding" ? &embedding_ : name == "head" ? &head_ : nullptr;
    if (!place) {
        const auto [number, part] = layer_of(name, layers_.size());
        place = matrix_of(layers_[number], part);
        need(place, "a weight of an unknown name");
        rows = part == "qkv" ? shape_.qkv_rows() : part == "gate" || part == "up" ? shape_.d_ff : d;
        inputs = part == "output" ? wide : part == "down" ? shape_.d_ff : d;
    }
    need(matrix.rows == rows && matrix.inputs == inputs, "a matrix of another shape");
    *place = std::move(matrix);
}

void Network::set_vector(const std::string& name, std::span<const float> values) {
    need(values.size() == static_cast<size_t>(shape_.d_model), "a norm of another width");
    Aligned<float>* place = name == "norm" ? &norm_ : nullptr;
    if (!place) {
        const auto [number, part] = layer_of(name, layers_.size());
        Layer& layer = layers_[number];
        place = part == "attention_norm" ? &layer.attention_norm
                : part == "mlp_norm"     ? &layer.mlp_norm
                                         : nullptr;
        need(place, "a weight of an unknown name");
    }
    *place = Aligned<float>(padded(shape_.d_model));
    std::copy(values.begin(), values.end(), place->data());
}

void Network::check_complete() const {
    bool all = embedding_.rows && norm_.size();
    for (const Layer& layer : layers_)
        all = all && layer.attention_norm.size() && layer.mlp_norm.size() && layer.qkv.rows &&
              layer.output.rows && layer.gate.rows && layer.up.rows && layer.down.rows;
    need(all, "weights are missing");
    for (const Layer& layer : layers_)
        need(layer.gate.kind == layer.up.kind, "gate and up are of different kinds");
}

size_t Network::weight_bytes() const {
    size_t total = embedding_.bytes() + head_.bytes();
    for (const Layer& layer : layers_)
        for (const Matrix* m : {&layer.qkv, &layer.output, &layer.gate, &layer.up, &layer.down})
            total += m->bytes();
    return total;
}
