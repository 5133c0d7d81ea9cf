import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { FuzzResult } from './fuzz.ts'

/** A target and what it is given. */
export interface FuzzTask {
  readonly file: string
  readonly name: string
  readonly inputs: number
  readonly seed: number
}

/** What a target may take. */
export interface FuzzLimits {
  /** Of its heap, in MiB: it must hold for all inputs, however many. */
  readonly memory: number
  /** For one input, in ms. */
  readonly time: number
}

/**
 * Fuzzes a target in a thread of its own, and ends that when it takes too much.
 * @throws Error with the seed of the input that it did not bear
 */
export function fuzzInWorker(task: FuzzTask, { memory, time }: FuzzLimits): Promise<FuzzResult> {
  const progress = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT)
  const at = new Float64Array(progress)
  at[0] = -1
  const worker = new Worker(join(import.meta.dirname, 'worker.ts'), {
    workerData: { ...task, progress },
    resourceLimits: { maxOldGenerationSizeMb: memory, maxYoungGenerationSizeMb: 16 },
  })
  return new Promise<FuzzResult>((resolve, reject) => {
    let last = -1
    const timer = setInterval(() => {
      const now = at[0] as number
      if (now === last && now >= 0) reject(new Error(`${task.name}, seed ${now}: no end within ${time} ms`))
      last = now
    }, time)
    const fail = (error: unknown): void => {
      const what = error instanceof Error ? error.message : String(error)
      reject(new Error(`${task.name}, at seed ${at[0]}: ${what}`))
    }
    worker.on('message', resolve).on('error', fail)
    worker.on('exit', () => {
      clearInterval(timer)
      fail('it ended')
    })
  }).finally(() => worker.terminate())
}
