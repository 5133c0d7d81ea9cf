import process from 'node:process'

/** What keeps a process alive, by kind, apart from the kit's own waiting and the streams every process has. */
const KEEPS = /^(TCP|Pipe(?!Wrap)|TLS|UDP|HTTP|ProcessWrap|Timeout|MessagePort|Worker)/

/** How often something is opened and closed: what each time leaves behind stands out from what comes and goes beside it. */
const TIMES = 6

interface Waiting {
  until(test: () => boolean, what: () => string): Promise<void>
}

/** Uses something up several times; what it leaves each time, and still holds this process, is a violation. */
export async function demandNothingHeld(stage: Waiting, what: string, useUp: () => Promise<void>): Promise<void> {
  // what is made once for all is no leak
  await useUp()
  const before = heldResources()
  for (let time = 0; time < TIMES; time++) await useUp()
  await stage.until(
    () => heldResources() < before + TIMES / 2,
    () => `${what} holds the process: ${process.getActiveResourcesInfo().join(', ')}`,
  )
}

/** How many sockets, timers and processes keep this process alive. */
const heldResources = (): number => process.getActiveResourcesInfo().filter((kind) => KEEPS.test(kind)).length
