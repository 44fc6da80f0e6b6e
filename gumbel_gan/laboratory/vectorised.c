/* The post's GAN in C, many runs at once: runs lie innermost, so that the compiler makes vectors of every loop over
 * them. `vectorised RUNS BATCHES SEED THREADS` prints the learned probabilities of every run, then microseconds a run
 * and step. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { K = 5, B = 10, GENERATOR_STEPS = 10, LANES = 32 }; /* runs that go together */
static const float TARGET[K] = {0, 0, .1f, .3f, .6f};
static const float TEMPERATURE = .001f, RATE = .0007f;

typedef float Runs[LANES];
typedef struct { Runs value[K + 1], mean[K + 1], square[K + 1]; int step; } Adam; /* of K numbers, or K + 1 */
typedef struct { Adam generator, discriminator; uint32_t state[2][LANES]; } Game;

/* Beyond these ends the vector function calls the scalar one for each run. */
static inline float exponential(float x) { return expf(x < -80 ? -80 : x > 80 ? 80 : x); }

#define EACH_RUN for (int r = 0; r < LANES; r++)

static inline void uniform(uint32_t state[2][LANES], float *restrict u) { /* xoroshiro64*, of the open interval (0, 1) */
  EACH_RUN {
    uint32_t a = state[0][r], b = state[1][r], bits = a * 0x9e3779bbu;
    b ^= a;
    state[0][r] = (a << 26 | a >> 6) ^ b ^ b << 9;
    state[1][r] = b << 13 | b >> 19;
    u[r] = (int32_t)(bits >> 9) * 0x1p-23f + 0x1p-24f;
  }
}

static inline void update(Adam *restrict adam, Runs *restrict gradient, int size) {
  adam->step++;
  float rate = RATE * sqrtf(1 - powf(.999f, adam->step)) / (1 - powf(.9f, adam->step));
  for (int k = 0; k < size; k++) EACH_RUN {
    adam->mean[k][r] += .1f * (gradient[k][r] - adam->mean[k][r]);
    adam->square[k][r] += .001f * (gradient[k][r] * gradient[k][r] - adam->square[k][r]);
    adam->value[k][r] -= rate * adam->mean[k][r] / (sqrtf(adam->square[k][r]) + 1e-8f);
  }
}

static inline void softmax(const Runs *restrict x, Runs *restrict y) {
  Runs largest, sum = {0};
  EACH_RUN largest[r] = x[0][r];
  for (int k = 1; k < K; k++) EACH_RUN largest[r] = x[k][r] > largest[r] ? x[k][r] : largest[r];
  for (int k = 0; k < K; k++) EACH_RUN sum[r] += y[k][r] = exponential(x[k][r] - largest[r]);
  EACH_RUN sum[r] = 1 / sum[r];
  for (int k = 0; k < K; k++) EACH_RUN y[k][r] *= sum[r];
}

static inline void sample(Game *restrict game, Runs *restrict y) {
  Runs x[K];
  for (int k = 0; k < K; k++) {
    uniform(game->state, x[k]);
    EACH_RUN x[k][r] = (game->generator.value[k][r] - logf(-logf(x[k][r]))) / TEMPERATURE;
  }
  softmax(x, y);
}

static inline void judge(const Adam *of, const Runs *restrict x, float *restrict odds) { /* log-odds of real */
  EACH_RUN odds[r] = of->value[K][r];
  for (int k = 0; k < K; k++) EACH_RUN odds[r] += x[k][r] * of->value[k][r];
}

static void discriminator_step(Game *restrict game) {
  Adam *of = &game->discriminator;
  Runs gradient[K + 1] = {{0}}, real[K], y[K], u, of_real, slope;
  for (int i = 0; i < B; i++) {
    sample(game, y);
    uniform(game->state, u);
    float from = 0;
    for (int k = 0; k < K; from += TARGET[k++])
      EACH_RUN real[k][r] = (u[r] >= from) & (u[r] < from + TARGET[k]) ? 1.f : 0.f;
    judge(of, real, of_real);
    judge(of, y, slope);
    EACH_RUN of_real[r] = (1 / (1 + exponential(-of_real[r])) - 1) / B;
    EACH_RUN slope[r] = 1 / (1 + exponential(-slope[r])) / B;
    for (int k = 0; k < K; k++) EACH_RUN gradient[k][r] += of_real[r] * real[k][r] + slope[r] * y[k][r];
    EACH_RUN gradient[K][r] += of_real[r] + slope[r];
  }
  update(of, gradient, K + 1);
}

static void generator_step(Game *restrict game) {
  const Adam *of = &game->discriminator;
  Runs gradient[K] = {{0}}, y[K], mean, slope;
  for (int i = 0; i < B; i++) {
    sample(game, y);
    judge(of, y, slope);
    EACH_RUN mean[r] = slope[r] - of->value[K][r];
    EACH_RUN slope[r] = (1 / (1 + exponential(-slope[r])) - 1) / B / TEMPERATURE;
    for (int k = 0; k < K; k++) EACH_RUN gradient[k][r] += slope[r] * y[k][r] * (of->value[k][r] - mean[r]);
  }
  update(&game->generator, gradient, K);
}

int main(int count, char **arguments) {
  if (count < 5) return 2;
  int runs = atoi(arguments[1]), batches = atoi(arguments[2]), blocks = (runs + LANES - 1) / LANES;
  Game *games = aligned_alloc(64, blocks * ((sizeof(Game) + 63) / 64 * 64));
  uint64_t seed = 0x9e3779b97f4a7c15u * (strtoull(arguments[3], 0, 10) + 1);
  for (int block = 0; block < blocks; block++) {
    Game *game = games + block;
    *game = (Game){0};
    for (int i = 0; i < 2 * LANES; i++) { /* splitmix64 makes a state for each run */
      uint64_t z = seed += 0x9e3779b97f4a7c15u;
      z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
      game->state[i / LANES][i % LANES] = (uint32_t)((z ^ z >> 27) * 0x94d049bb133111ebu >> 32) | 1;
    }
    for (int k = 0; k < K; k++) {
      EACH_RUN game->generator.value[k][r] = 1;
      uniform(game->state, game->discriminator.value[k]);
      EACH_RUN game->discriminator.value[k][r] = 2 * game->discriminator.value[k][r] - 1;
    }
  }
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
#pragma omp parallel for num_threads(atoi(arguments[4]))
  for (int block = 0; block < blocks; block++)
    for (int batch = 0; batch < batches; batch++) {
      discriminator_step(games + block);
      for (int step = 0; step < GENERATOR_STEPS; step++) generator_step(games + block);
    }
  clock_gettime(CLOCK_MONOTONIC, &to);
  double seconds = to.tv_sec - from.tv_sec + 1e-9 * (to.tv_nsec - from.tv_nsec);
  for (int run = 0; run < runs; run++) {
    Runs learned[K];
    softmax(games[run / LANES].generator.value, learned);
    for (int k = 0; k < K; k++) printf("%.9g ", learned[k][run % LANES]);
    puts("");
  }
  printf("%.9g\n", 1e6 * seconds / runs / batches / (1 + GENERATOR_STEPS));
}
