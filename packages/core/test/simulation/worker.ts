import { parentPort } from 'node:worker_threads'
import { firstFailure, type SeedRange } from './first-failure.ts'

// Worker thread: answers each range of seeds with its first failing schedule, or null.
parentPort?.on('message', (range: SeedRange) => {
  void firstFailure(range).then((failure) => parentPort?.postMessage(failure ?? null))
})
