// Sixteen lanes as an array: for any machine, and what the compiler makes of it.

inline float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

inline uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

// IEEE 754 binary16: the exponent is put right by a product, which reaches subnormal numbers too.
inline float float_of_half(uint16_t half) {
    const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
    const uint32_t rest = static_cast<uint32_t>(half & 0x7fff) << 13;
    if ((half & 0x7c00) == 0x7c00) return float_of(sign | rest | 0x7f800000);
    return float_of(sign | bits_of(float_of(rest) * 0x1p112f));
}

// The nearest half, of two equally near the even one.
inline uint16_t half_of(float x) {
    const uint32_t bits = bits_of(x), size = bits & 0x7fffffff;
    const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
    if (size >= 0x47800000)  // from 65,536 on, or no number
        return static_cast<uint16_t>(sign | (size > 0x7f800000 ? 0x7e00 : 0x7c00));
    if (size < 0x38800000)  // subnormal: the sum with 1/2 leaves the ten bits that there are
        return static_cast<uint16_t>(sign | (bits_of(float_of(size) + 0.5f) - bits_of(0.5f)));
    return static_cast<uint16_t>(sign | ((size - 0x38000000 + 0xfff + (size >> 13 & 1)) >> 13));
}

struct F16 {
    float v[16];
    template <class Operation>
    static F16 each(Operation operation) {
        F16 r;
        for (int i = 0; i < 16; ++i) r.v[i] = operation(i);
        return r;
    }
    static F16 of(float x) { return each([&](int) { return x; }); }
    static F16 zero() { return of(0); }
    static F16 load(const float* p) { return each([&](int i) { return p[i]; }); }
    static F16 load(const uint16_t* halves) {
        return each([&](int i) { return float_of_half(halves[i]); });
    }
    void store(float* p) const { memcpy(p, v, sizeof v); }
    void store(uint16_t* halves) const {
        for (int i = 0; i < 16; ++i) halves[i] = half_of(v[i]);
    }
    F16 operator+(F16 o) const { return each([&](int i) { return v[i] + o.v[i]; }); }
    F16 operator-(F16 o) const { return each([&](int i) { return v[i] - o.v[i]; }); }
    F16 operator*(F16 o) const { return each([&](int i) { return v[i] * o.v[i]; }); }
    F16 operator/(F16 o) const { return each([&](int i) { return v[i] / o.v[i]; }); }
    F16 plus_product(F16 a, F16 b) const {
        return each([&](int i) { return v[i] + a.v[i] * b.v[i]; });
    }
    F16 at_least(F16 o) const { return each([&](int i) { return v[i] > o.v[i] ? v[i] : o.v[i]; }); }
    F16 at_most(F16 o) const { return each([&](int i) { return v[i] < o.v[i] ? v[i] : o.v[i]; }); }
    F16 rounded() const { return each([&](int i) { return nearbyintf(v[i]); }); }
    F16 magnitude() const { return each([&](int i) { return fabsf(v[i]); }); }
    F16 power_of_two() const {
        return each([&](int i) { return ldexpf(1.0f, static_cast<int>(v[i])); });
    }
    void store_bytes(int8_t* p) const {
        for (int i = 0; i < 16; ++i) p[i] = static_cast<int8_t>(v[i]);
    }
};

struct I16 {
    int32_t v[16];
    static I16 zero() { return {}; }
    F16 as_float() const { return F16::each([&](int i) { return static_cast<float>(v[i]); }); }
    void store(int32_t* p) const { memcpy(p, v, sizeof v); }
    I16 plus(I16 o) const {
        for (int i = 0; i < 16; ++i) o.v[i] += v[i];
        return o;
    }
    I16 minus(int32_t x) const {
        I16 r;
        for (int i = 0; i < 16; ++i) r.v[i] = v[i] - x;
        return r;
    }
};

struct Codes {
    uint8_t v[64];
    static Codes load(const uint8_t* p) {
        Codes r;
        memcpy(r.v, p, sizeof r.v);
        return r;
    }
    Codes two_bits(int i) const {
        Codes r;
        for (int j = 0; j < 64; ++j) r.v[j] = (v[j] >> (2 * i)) & 3;
        return r;
    }
};

struct Bytes {
    int8_t v[4];
    static Bytes load(const int8_t* x) {
        Bytes r;
        memcpy(r.v, x, sizeof r.v);
        return r;
    }
};

inline I16 dot4(I16 acc, Codes codes, Bytes bytes) {
    for (int lane = 0; lane < 16; ++lane)
        for (int j = 0; j < 4; ++j)
            acc.v[lane] += static_cast<int32_t>(codes.v[4 * lane + j]) * bytes.v[j];
    return acc;
}
