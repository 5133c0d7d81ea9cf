import process from 'node:process'

/** Kinds of resources that keep a process alive, without the kit's own timers and the standard streams. */
const KEEPS_PROCESS_ALIVE = /^(TCP|Pipe(?!Wrap)|TLS|UDP|HTTP|ProcessWrap|Timeout|MessagePort|Worker)/

/** Number of times that a client is opened and closed. A leak repeats each time, which distinguishes it from unrelated resources. */
const REPETITIONS = 6

interface Waiter {
  waitUntil(test: () => boolean, what: () => string): Promise<void>
}

/**
 * Opens and closes something several times, and checks that the process has no additional resources afterwards.
 * @throws Violation if each round leaves a resource that keeps the process alive.
 */
export async function assertNoLeaks(context: Waiter, what: string, openAndClose: () => Promise<void>): Promise<void> {
  // A resource that is created once and then shared is not a leak.
  await openAndClose()
  const before = countActiveResources()
  for (let time = 0; time < REPETITIONS; time++) await openAndClose()
  await context.waitUntil(
    () => countActiveResources() < before + REPETITIONS / 2,
    () => `${what} keeps the process alive: ${process.getActiveResourcesInfo().join(', ')}`,
  )
}

/** Returns the number of sockets, timers and processes that keep this process alive. */
const countActiveResources = (): number =>
  process.getActiveResourcesInfo().filter((kind) => KEEPS_PROCESS_ALIVE.test(kind)).length
