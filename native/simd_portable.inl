// Sixteen lanes as an array: for any machine, and what the compiler makes of it.

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
    void store(float* p) const { memcpy(p, v, sizeof v); }
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
