#include <bco/winrate.h>

#include <float.h>
#include <math.h>

/* ln Gamma(a + 1/2) - ln Gamma(a); the difference of two great numbers is
 * avoided where the asymptotic series is exact to double precision. */
static double ln_gamma_half_step(double a) {
    if (a < 30) return lgamma(a + 0.5) - lgamma(a);
    double r = 1 / (a * a);
    return 0.5 * log(a) - (1.0 / 8 - r * (1.0 / 192 - r * (1.0 / 640 - r * 17.0 / 14336))) / a;
}

/* The continued fraction of the incomplete beta function (DLMF 8.17.22), by
 * Lentz's method; it converges quickly for x < (a + 1)/(a + b + 2). */
static double beta_fraction(double a, double b, double x) {
    const double tiny = DBL_MIN / DBL_EPSILON;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int m = 1; m < 100000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double before = value, term[2] = {even, odd};
        for (int i = 0; i < 2; i++) {
            d = 1 + term[i] * d;
            c = 1 + term[i] / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            if (fabs(c) < tiny) c = tiny;
            value *= c * d;
        }
        if (fabs(value - before) <= DBL_EPSILON * fabs(value)) break;
    }
    return value;
}

/* P(T > t) for t >= 0: I_x(df/2, 1/2) / 2 with x = df/(df + t^2) (DLMF 8.17). */
static double upper_tail(double t, double df) {
    double a = df / 2, b = 0.5, square = t * t;
    double x = df / (df + square), y = square / (df + square);
    if (t == 0) return 0.5;
    double ln_x = square < df ? -log1p(square / df) : log(x);
    double front = exp(ln_gamma_half_step(a) - 0.5 * log(3.14159265358979323846) + a * ln_x + b * log(y));
    if (x < (a + 1) / (a + b + 2)) return 0.5 * front * beta_fraction(a, b, x) / a;
    return 0.5 - 0.5 * front * beta_fraction(b, a, y) / b;
}

/* The t with P(T > t) = tail, 0 < tail <= 1/2. */
static double quantile_of_tail(double tail, double df) {
    double low = 0, high = 1;
    while (upper_tail(high, df) > tail && high < DBL_MAX / 4) low = high, high *= 2;
    for (int i = 0; i < 200 && high - low > DBL_EPSILON * high; i++) {
        double middle = low + (high - low) / 2;
        if (upper_tail(middle, df) > tail)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

double bco_t_quantile(double p, double df) {
    if (!(p > 0 && p < 1 && df > 0)) return NAN;
    return p < 0.5 ? -quantile_of_tail(p, df) : quantile_of_tail(1 - p, df);
}
