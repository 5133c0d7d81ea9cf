import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Answer, Report, Request, Task } from '../workload/messages.ts'
import type { Worker } from './environment.ts'

/** Options common to all incarnations of a worker. */
export interface WorkerProcessOptions extends Omit<Task, 'historyFile'> {
  readonly historyFileOf: (incarnation: string) => string
  readonly report: (worker: Worker, report: Report) => void
}

const WORKER_PROGRAM = join(import.meta.dirname, '../workload/process.ts')

/** A writer or replica in a child process, which can be killed and paused. It ends with this process. */
export class WorkerProcess implements Worker {
  readonly name: string
  readonly role: Task['role']
  readonly tasks: Task[] = []
  readonly #options: WorkerProcessOptions
  #child: ChildProcess | undefined
  #stderr = ''
  #running: Promise<void> = Promise.resolve()
  #exiting = false

  constructor(options: WorkerProcessOptions) {
    this.#options = options
    this.name = options.name
    this.role = options.role
    process.once('exit', () => this.#child?.kill('SIGKILL'))
  }

  get incarnation(): string {
    return this.tasks.at(-1)?.name ?? this.name
  }

  start(): void {
    const { role, store, bus, rate, workload, seed, historyFileOf } = this.#options
    const incarnationNumber = this.tasks.length + 1
    const name = `${this.name}.${incarnationNumber}`
    const task: Task = {
      role,
      name,
      store,
      bus,
      rate,
      workload,
      seed: seed + incarnationNumber,
      historyFile: historyFileOf(name),
    }
    this.tasks.push(task)
    this.#exiting = false
    const child = fork(WORKER_PROGRAM, [JSON.stringify(task)], {
      execArgv: ['--conditions=@sync/source', '--expose-gc'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child = child
    this.#stderr = ''
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#running = promise
    child.once('exit', resolve)
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = `${this.#stderr}${chunk}`.slice(-2_000)
    })
    child.on('message', (message: Report | Answer) => {
      if (!('report' in message)) return
      if (message.report === 'running') resolve()
      if (this.#child === child) this.#options.report(this, message)
    })
    child.once('exit', (code, signal) => {
      if (this.#child !== child || this.#exiting) return
      this.#options.report(this, {
        report: 'problem',
        text: `${name} exited unexpectedly (${signal ?? code}): ${this.#stderr}`,
      })
    })
  }

  /** Starts a new incarnation and resolves when its process is running. */
  async restart(): Promise<void> {
    this.start()
    await this.#running
  }

  async kill(): Promise<void> {
    await this.#terminate('SIGKILL')
  }

  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Sends a request to the process and returns its answer. @throws Error if the process exits first */
  async request(request: Request): Promise<Answer> {
    const child = this.#child
    if (!child?.connected) throw new Error(`${this.incarnation}: expected a running process, got an exited one`)
    return new Promise((resolve, reject) => {
      const onMessage = (message: Report | Answer): void => {
        if (!('answer' in message)) return
        child.off('message', onMessage)
        child.off('exit', onExit)
        resolve(message)
      }
      const onExit = (): void => reject(new Error(`${this.incarnation} exited before it answered: ${this.#stderr}`))
      child.on('message', onMessage)
      child.once('exit', onExit)
      child.send(request)
    })
  }

  async waitForExit(withinMs: number): Promise<boolean> {
    const child = this.#child
    if (!child || child.exitCode !== null) return true
    this.#exiting = true
    const ended = once(child, 'exit')
    child.disconnect()
    const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
    await ended
    clearTimeout(timer)
    return child.signalCode === null
  }

  async #terminate(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    this.#exiting = true
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    this.#options.report(this, { report: 'exited' })
  }
}
