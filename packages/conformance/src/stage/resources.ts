import process from 'node:process'

/** What keeps a process alive, by kind, apart from the kit's own waiting and the streams every process has. */
const KEEPS = /^(TCP|Pipe(?!Wrap)|TLS|UDP|HTTP|ProcessWrap|Timeout|MessagePort|Worker)/

/** How many sockets, timers and processes keep this process alive. */
export const heldResources = (): number => process.getActiveResourcesInfo().filter((kind) => KEEPS.test(kind)).length
