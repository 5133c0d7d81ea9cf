import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Folder of all examples. */
export const folder: string = join(import.meta.dirname, '../../../examples')

/** The fields of an example's package.json that are read here. */
export interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** Returns the package.json of an example. */
export function manifestOf(example: string): Manifest {
  return JSON.parse(readFileSync(join(folder, example, 'package.json'), 'utf8'))
}

/** One run of a script of an example. */
export interface StartOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Variables of the caller that would lead an example to other servers than those of the test. */
const FOREIGN = ['BUS_URL', 'KAFKA_URL', 'NATS_URL', 'PORT', 'REDIS_URL', 'STORE_URL']

/**
 * A script of an example's package.json, run as a process of its own. It runs as `npm run` runs it, except that the
 * packages are taken from their source: the examples need no build to be tested.
 */
export class RunningExample implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #ended: Promise<number | null>
  readonly #watchers = new Set<() => void>()
  #output = ''
  #running = true

  constructor(example: string, script: string, { args = [], env = {} }: StartOptions = {}) {
    const [program, ...own] = (manifestOf(example).scripts[script] ?? '').split(' ')
    if (program !== 'node') throw new Error(`examples/${example}: expected the script "${script}" to run node`)
    const inherited = Object.entries(process.env).filter(([name]) => !FOREIGN.includes(name))
    this.#child = spawn(process.execPath, [...own, ...args], {
      cwd: join(folder, example),
      env: { ...Object.fromEntries(inherited), ...env, NODE_OPTIONS: '--conditions=@sync/source' },
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.#add(text))
    }
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject)
      this.#child.on('close', (code) => {
        this.#running = false
        for (const check of this.#watchers) check()
        resolve(code)
      })
    })
  }

  /** Everything printed so far, on both outputs. */
  get output(): string {
    return this.#output
  }

  /**
   * Resolves to the first match in the output printed after this call; with `from: 'start'`, in all of it. Rejects if the
   * process ends first.
   */
  until(pattern: RegExp, { from = 'start' }: { readonly from?: 'now' | 'start' } = {}): Promise<RegExpExecArray> {
    const skipped = from === 'now' ? this.#output.length : 0
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const match = pattern.exec(this.#output.slice(skipped))
        if (!match && this.#running) return
        this.#watchers.delete(check)
        if (match) resolve(match)
        else reject(new Error(`the example ended without printing ${pattern}:\n${this.#output}`))
      }
      this.#watchers.add(check)
      check()
    })
  }

  /** Sends Ctrl-C and resolves to the exit code. */
  stop(): Promise<number | null> {
    this.#child.kill('SIGINT')
    return this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running) this.#child.kill('SIGKILL')
    await this.#ended
  }

  #add(text: string): void {
    this.#output += text
    for (const check of this.#watchers) check()
  }
}
