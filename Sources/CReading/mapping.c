#define _GNU_SOURCE
#include "CReading.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WATCHES = 64 };

static struct {
  _Atomic(int) is_taken;
  _Atomic(uintptr_t) base, end;
  _Atomic(int) has_shrunk;
} watches[WATCHES];

static struct sigaction former;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_installed;
static uintptr_t page_size;

static void on_bus_error(int signal, siginfo_t *info, void *context) {
  (void)context;
  uintptr_t address = (uintptr_t)info->si_addr;
  for (int i = 0; i < WATCHES; i++) {
    uintptr_t base = atomic_load(&watches[i].base), end = atomic_load(&watches[i].end);
    if (address < base || address >= end) continue;
    uintptr_t page = address & ~(page_size - 1);
    // The rest of the file is gone too.
    void *zeros = mmap((void *)page, end - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (zeros == MAP_FAILED) break;
    atomic_store(&watches[i].has_shrunk, 1);
    return;
  }
  // Not ours: the read that failed is done again, and meets whoever was here before.
  sigaction(signal, &former, NULL);
}

static void install(void) {
  page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
  struct sigaction action = {0};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigemptyset(&action.sa_mask);
  is_installed = sigaction(SIGBUS, &action, &former) == 0;
}

int cr_watch(const void *base, size_t size) {
  pthread_once(&once, install);
  if (!is_installed) return -1;
  for (int i = 0; i < WATCHES; i++) {
    int expected = 0;
    if (!atomic_compare_exchange_strong(&watches[i].is_taken, &expected, 1)) continue;
    atomic_store(&watches[i].has_shrunk, 0);
    atomic_store(&watches[i].end, (uintptr_t)base + size);
    atomic_store(&watches[i].base, (uintptr_t)base);
    return i;
  }
  return -1;
}

int cr_has_shrunk(int watch) { return atomic_load(&watches[watch].has_shrunk); }

void cr_unwatch(int watch) {
  atomic_store(&watches[watch].base, UINTPTR_MAX);
  atomic_store(&watches[watch].end, 0);
  atomic_store(&watches[watch].is_taken, 0);
}
