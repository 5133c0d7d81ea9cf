import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Answer, Report, Request, Task } from '../work/messages.ts'
import type { Actor } from './scene.ts'

/** What the lives of a member have in common. */
export interface MemberOptions extends Omit<Task, 'ledger'> {
  readonly ledgerOf: (life: string) => string
  readonly report: (actor: Actor, report: Report) => void
}

const PROGRAM = join(import.meta.dirname, '../work/process.ts')

/** A writer or replica in a process of its own, that can be killed and paused; it ends with this process. */
export class Member implements Actor {
  readonly name: string
  readonly role: Task['role']
  readonly tasks: Task[] = []
  readonly #options: MemberOptions
  #child: ChildProcess | undefined
  #said = ''
  #running: Promise<void> = Promise.resolve()
  #ending = false

  constructor(options: MemberOptions) {
    this.#options = options
    this.name = options.name
    this.role = options.role
    process.once('exit', () => this.#child?.kill('SIGKILL'))
  }

  get life(): string {
    return this.tasks.at(-1)?.name ?? this.name
  }

  start(): void {
    const { role, store, bus, rate, work, seed, ledgerOf } = this.#options
    const life = this.tasks.length + 1
    const name = `${this.name}.${life}`
    const task: Task = { role, name, store, bus, rate, work, seed: seed + life, ledger: ledgerOf(name) }
    this.tasks.push(task)
    this.#ending = false
    const child = fork(PROGRAM, [JSON.stringify(task)], {
      execArgv: ['--conditions=@sync/source', '--expose-gc'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child = child
    this.#said = ''
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#running = promise
    child.once('exit', resolve)
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk}`.slice(-2_000)
    })
    child.on('message', (message: Report | Answer) => {
      if (!('report' in message)) return
      if (message.report === 'running') resolve()
      if (this.#child === child) this.#options.report(this, message)
    })
    child.once('exit', (code, signal) => {
      if (this.#child !== child || this.#ending) return
      this.#options.report(this, {
        report: 'wrong',
        what: `${name} ended by itself (${signal ?? code}): ${this.#said}`,
      })
    })
  }

  /** Begins a life, and resolves when its process runs. */
  async restart(): Promise<void> {
    this.start()
    await this.#running
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Asks the process, and waits for its answer. @throws if it ends first */
  async ask(request: Request): Promise<Answer> {
    const child = this.#child
    if (!child?.connected) throw new Error(`${this.life} is not running`)
    return new Promise((resolve, reject) => {
      const hear = (message: Report | Answer): void => {
        if (!('answer' in message)) return
        child.off('message', hear)
        child.off('exit', gone)
        resolve(message)
      }
      const gone = (): void => reject(new Error(`${this.life} ended before it answered: ${this.#said}`))
      child.on('message', hear)
      child.once('exit', gone)
      child.send(request)
    })
  }

  async leave(withinMs: number): Promise<boolean> {
    const child = this.#child
    if (!child || child.exitCode !== null) return true
    this.#ending = true
    const ended = once(child, 'exit')
    child.disconnect()
    const timer = setTimeout(() => child.kill('SIGKILL'), withinMs)
    await ended
    clearTimeout(timer)
    return child.signalCode === null
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    this.#ending = true
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    this.#options.report(this, { report: 'gone' })
  }
}
