import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { FuzzResult } from './fuzz.ts'

/** A target and the inputs to give it. */
export interface FuzzTask {
  readonly file: string
  readonly name: string
  readonly inputs: number
  readonly seed: number
}

/** Limits of a target. */
export interface FuzzLimits {
  /** Maximum heap in MiB, for any number of inputs. */
  readonly memory: number
  /** Maximum time for one input, in milliseconds. */
  readonly time: number
}

/**
 * Fuzzes a target in a worker thread, and terminates the thread if it exceeds a limit.
 * @throws Error with the target and the seed of the failing input
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
      if (now === last && now >= 0) reject(new Error(`${task.name}, seed ${now}: not finished after ${time} ms`))
      last = now
    }, time)
    const fail = (error: unknown): void => {
      const message = error instanceof Error ? error.message : String(error)
      reject(new Error(`${task.name}, at seed ${at[0]}: ${message}`))
    }
    worker.on('message', resolve).on('error', fail)
    worker.on('exit', () => {
      clearInterval(timer)
      fail('the worker exited')
    })
  }).finally(() => worker.terminate())
}
