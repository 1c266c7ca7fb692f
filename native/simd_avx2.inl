// Sixteen lanes in two AVX2 registers.

struct F16 {
    __m256 a, b;
    static F16 zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
    static F16 of(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
    static F16 load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
    static F16 load(const uint16_t* halves) {
        const auto p = reinterpret_cast<const __m128i*>(halves);
        return {_mm256_cvtph_ps(_mm_loadu_si128(p)), _mm256_cvtph_ps(_mm_loadu_si128(p + 1))};
    }
    void store(float* p) const {
        _mm256_storeu_ps(p, a);
        _mm256_storeu_ps(p + 8, b);
    }
    void store(uint16_t* halves) const {
        const auto p = reinterpret_cast<__m128i*>(halves);
        _mm_storeu_si128(p, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
        _mm_storeu_si128(p + 1, _mm256_cvtps_ph(b, _MM_FROUND_TO_NEAREST_INT));
    }
    F16 operator+(F16 o) const { return {_mm256_add_ps(a, o.a), _mm256_add_ps(b, o.b)}; }
    F16 operator-(F16 o) const { return {_mm256_sub_ps(a, o.a), _mm256_sub_ps(b, o.b)}; }
    F16 operator*(F16 o) const { return {_mm256_mul_ps(a, o.a), _mm256_mul_ps(b, o.b)}; }
    F16 operator/(F16 o) const { return {_mm256_div_ps(a, o.a), _mm256_div_ps(b, o.b)}; }
    F16 plus_product(F16 x, F16 y) const {
        return {_mm256_fmadd_ps(x.a, y.a, a), _mm256_fmadd_ps(x.b, y.b, b)};
    }
    F16 at_least(F16 o) const { return {_mm256_max_ps(a, o.a), _mm256_max_ps(b, o.b)}; }
    F16 at_most(F16 o) const { return {_mm256_min_ps(a, o.a), _mm256_min_ps(b, o.b)}; }
    F16 rounded() const {
        constexpr int nearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        return {_mm256_round_ps(a, nearest), _mm256_round_ps(b, nearest)};
    }
    F16 magnitude() const {
        __m256 sign = _mm256_set1_ps(-0.0f);
        return {_mm256_andnot_ps(sign, a), _mm256_andnot_ps(sign, b)};
    }
    F16 power_of_two() const {
        __m256i bias = _mm256_set1_epi32(127);
        __m256i ea = _mm256_add_epi32(_mm256_cvtps_epi32(a), bias);
        __m256i eb = _mm256_add_epi32(_mm256_cvtps_epi32(b), bias);
        return {_mm256_castsi256_ps(_mm256_slli_epi32(ea, 23)),
                _mm256_castsi256_ps(_mm256_slli_epi32(eb, 23))};
    }
    void store_bytes(int8_t* p) const {
        alignas(32) int32_t lanes[16];
        _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), _mm256_cvtps_epi32(a));
        _mm256_store_si256(reinterpret_cast<__m256i*>(lanes + 8), _mm256_cvtps_epi32(b));
        for (int i = 0; i < 16; ++i) p[i] = static_cast<int8_t>(lanes[i]);
    }
};

struct I16 {
    __m256i a, b;
    static I16 zero() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
    F16 as_float() const { return {_mm256_cvtepi32_ps(a), _mm256_cvtepi32_ps(b)}; }
    void store(int32_t* p) const {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 8), b);
    }
    I16 plus(I16 o) const { return {_mm256_add_epi32(a, o.a), _mm256_add_epi32(b, o.b)}; }
    I16 minus(int32_t x) const {
        __m256i all = _mm256_set1_epi32(x);
        return {_mm256_sub_epi32(a, all), _mm256_sub_epi32(b, all)};
    }
};

struct Codes {
    __m256i a, b;
    static Codes load(const uint8_t* p) {
        return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
                _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32))};
    }
    Codes two_bits(int i) const {
        __m256i three = _mm256_set1_epi8(3);
        return {_mm256_and_si256(_mm256_srli_epi16(a, 2 * i), three),
                _mm256_and_si256(_mm256_srli_epi16(b, 2 * i), three)};
    }
};

// widened to 16 bits, where no product overflows; even and odd bytes apart
inline __m256i dot4_half(__m256i acc, __m256i codes, __m256i x) {
    __m256i low = _mm256_set1_epi16(0xff);
    __m256i even = _mm256_madd_epi16(_mm256_and_si256(codes, low),
                                     _mm256_srai_epi16(_mm256_slli_epi16(x, 8), 8));
    __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(codes, 8), _mm256_srai_epi16(x, 8));
    return _mm256_add_epi32(acc, _mm256_add_epi32(even, odd));
}

struct Bytes {
    __m256i v;
    static Bytes load(const int8_t* x) {
        int32_t four;
        memcpy(&four, x, 4);
        return {_mm256_set1_epi32(four)};
    }
};

inline I16 dot4(I16 acc, Codes codes, Bytes bytes) {
    return {dot4_half(acc.a, codes.a, bytes.v), dot4_half(acc.b, codes.b, bytes.v)};
}
