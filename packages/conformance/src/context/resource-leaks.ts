import process from 'node:process'

/** What keeps a process alive, by kind, apart from the kit's own waiting and the streams every process has. */
const KEEPS_PROCESS_ALIVE = /^(TCP|Pipe(?!Wrap)|TLS|UDP|HTTP|ProcessWrap|Timeout|MessagePort|Worker)/

/** How often something is opened and closed: what each time leaves behind stands out from what comes and goes beside it. */
const REPETITIONS = 6

interface Waiter {
  waitUntil(test: () => boolean, what: () => string): Promise<void>
}

/** Uses something up several times; what it leaves each time, and still holds this process, is a violation. */
export async function assertNoLeaks(context: Waiter, what: string, openAndClose: () => Promise<void>): Promise<void> {
  // what is made once for all is no leak
  await openAndClose()
  const before = countActiveResources()
  for (let time = 0; time < REPETITIONS; time++) await openAndClose()
  await context.waitUntil(
    () => countActiveResources() < before + REPETITIONS / 2,
    () => `${what} holds the process: ${process.getActiveResourcesInfo().join(', ')}`,
  )
}

/** How many sockets, timers and processes keep this process alive. */
const countActiveResources = (): number =>
  process.getActiveResourcesInfo().filter((kind) => KEEPS_PROCESS_ALIVE.test(kind)).length
