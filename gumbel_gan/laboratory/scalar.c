/* The post's GAN in scalar C, a run after the other: what a compiler makes of plain loops.
 * scalar RUNS BATCHES SEED prints the learned probabilities of every run, then microseconds a run and step. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { K = 5, B = 10, GENERATOR_STEPS = 10 };
static const float TARGET[K] = {0, 0, .1f, .3f, .6f};
static const float TEMPERATURE = .001f, RATE = .0007f;

typedef struct { float value[K + 1], mean[K + 1], square[K + 1]; int step; } Adam; /* of K numbers, or K + 1 */

static uint64_t state[2];

static float uniform(void) { /* xorshift128+, of the open interval (0, 1) */
  uint64_t a = state[0], b = state[1];
  state[0] = b;
  a ^= a << 23;
  state[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
  return ((state[1] + b) >> 41) * 0x1p-23f + 0x1p-24f;
}

static float sigmoid(float x) { return 1 / (1 + expf(-x)); }

static void update(Adam *adam, const float *gradient, int size) {
  adam->step++;
  float rate = RATE * sqrtf(1 - powf(.999f, adam->step)) / (1 - powf(.9f, adam->step));
  for (int k = 0; k < size; k++) {
    adam->mean[k] += .1f * (gradient[k] - adam->mean[k]);
    adam->square[k] += .001f * (gradient[k] * gradient[k] - adam->square[k]);
    adam->value[k] -= rate * adam->mean[k] / (sqrtf(adam->square[k]) + 1e-8f);
  }
}

static void softmax(const float *x, float *y) {
  float largest = x[0], sum = 0;
  for (int k = 1; k < K; k++) largest = x[k] > largest ? x[k] : largest;
  for (int k = 0; k < K; k++) sum += y[k] = expf(x[k] - largest);
  for (int k = 0; k < K; k++) y[k] /= sum;
}

static void sample(const float *logits, float y[B][K]) {
  float noise[B * K], x[K];
  for (int i = 0; i < B * K; i++) noise[i] = uniform();
  for (int i = 0; i < B * K; i++) noise[i] = -logf(-logf(noise[i]));
  for (int i = 0; i < B; i++) {
    for (int k = 0; k < K; k++) x[k] = (logits[k] + noise[i * K + k]) / TEMPERATURE;
    softmax(x, y[i]);
  }
}

static float judge(const Adam *discriminator, const float *y) {
  float x = discriminator->value[K];
  for (int k = 0; k < K; k++) x += y[k] * discriminator->value[k];
  return x;
}

static void discriminator_step(Adam *discriminator, const Adam *generator) {
  float y[B][K], gradient[K + 1] = {0};
  sample(generator->value, y);
  for (int i = 0; i < B; i++) {
    float u = uniform();
    int real = 0;
    while (real < K - 1 && u >= TARGET[real]) u -= TARGET[real++];
    float slope = (sigmoid(discriminator->value[real] + discriminator->value[K]) - 1) / B;
    gradient[real] += slope;
    gradient[K] += slope;
    slope = sigmoid(judge(discriminator, y[i])) / B;
    for (int k = 0; k < K; k++) gradient[k] += slope * y[i][k];
    gradient[K] += slope;
  }
  update(discriminator, gradient, K + 1);
}

static void generator_step(const Adam *discriminator, Adam *generator) {
  float y[B][K], gradient[K] = {0};
  sample(generator->value, y);
  for (int i = 0; i < B; i++) {
    float slope = (sigmoid(judge(discriminator, y[i])) - 1) / B / TEMPERATURE, mean = 0;
    for (int k = 0; k < K; k++) mean += y[i][k] * discriminator->value[k];
    for (int k = 0; k < K; k++) gradient[k] += slope * y[i][k] * (discriminator->value[k] - mean);
  }
  update(generator, gradient, K);
}

int main(int count, char **arguments) {
  if (count < 4) return 2;
  int runs = atoi(arguments[1]), batches = atoi(arguments[2]);
  state[0] = 0x9e3779b97f4a7c15u * (strtoull(arguments[3], 0, 10) + 1);
  state[1] = 0xbf58476d1ce4e5b9u;
  struct timespec from, to;
  double seconds = 0;
  for (int run = 0; run < runs; run++) {
    Adam generator = {{1, 1, 1, 1, 1}}, discriminator = {{0}};
    for (int k = 0; k < K; k++) discriminator.value[k] = 2 * uniform() - 1;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int batch = 0; batch < batches; batch++) {
      discriminator_step(&discriminator, &generator);
      for (int step = 0; step < GENERATOR_STEPS; step++) generator_step(&discriminator, &generator);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    seconds += to.tv_sec - from.tv_sec + 1e-9 * (to.tv_nsec - from.tv_nsec);
    float learned[K];
    softmax(generator.value, learned);
    for (int k = 0; k < K; k++) printf("%.9g ", learned[k]);
    puts("");
  }
  printf("%.9g\n", 1e6 * seconds / runs / batches / (1 + GENERATOR_STEPS));
}
