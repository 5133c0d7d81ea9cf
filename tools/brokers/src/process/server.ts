import { type ChildProcess, execFile } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Hooks } from './hooks.ts'
import { spawnNoted } from './own-folder.ts'
import type { Program } from './program.ts'
import { GiveUpError, until } from './until.ts'

/** What a server is started with. */
export interface ServerOptions {
  readonly name: string
  readonly program: Program
  readonly args: readonly string[]
  /** Where it works and logs. */
  readonly folder: string
  /** Throws until the server does its work. */
  readonly ready: () => Promise<unknown>
  /** Milliseconds to become ready in. @default 30_000 */
  readonly timeout?: number
}

/** The server has ended before it was ready. `log` is what it said. */
export class NotStartedError extends Error {
  override name = 'NotStartedError'
  readonly log: string
  constructor(name: string, log: string) {
    super(`${name} ended before it was ready:\n${log}`)
    this.log = log
  }
}

const run = promisify(execFile)

/** A server in a process of its own, that ends with this one at the latest. */
export class ServerProcess implements Hooks {
  readonly #options: ServerOptions
  #child: ChildProcess | undefined

  private constructor(options: ServerOptions) {
    this.#options = options
  }

  /** Resolves when it is ready. */
  static async start(options: ServerOptions): Promise<ServerProcess> {
    const server = new ServerProcess(options)
    await server.#start()
    return server
  }

  get running(): boolean {
    return this.#child !== undefined
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    // A process that stands still would not hear of it.
    this.#signal('SIGCONT')
    await this.#end('SIGTERM')
  }

  async pause(): Promise<void> {
    const { name } = this.#options
    const pid = this.#signal('SIGSTOP')
    if (pid === undefined) throw new Error(`${name} is not running`)
    await until(async () => (await run('ps', ['-o', 'stat=', '-p', `${pid}`])).stdout.startsWith('T'), {
      what: `${name} stands still`,
    })
  }

  async resume(): Promise<void> {
    this.#signal('SIGCONT')
  }

  async restart(): Promise<void> {
    if (this.running) await this.stop()
    await this.#start()
  }

  async #start(): Promise<void> {
    const { name, program, args, folder, ready, timeout = 30_000 } = this.#options
    const logFile = join(folder, 'server.log')
    const log = await open(logFile, 'a')
    const { size: from } = await log.stat()
    const child = await spawnNoted([program.command, ...program.args, ...args], {
      cwd: folder,
      env: { ...process.env, ...program.env },
      stdio: ['ignore', log.fd, log.fd],
    })
    await log.close()
    this.#child = child
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
    })
    const attempt = async (): Promise<true> => {
      if (!this.running)
        throw new GiveUpError(new NotStartedError(name, (await readFile(logFile)).subarray(from).toString()))
      await ready()
      return true
    }
    try {
      await until(attempt, { what: `${name} is ready (its log: ${logFile})`, timeout })
    } catch (error) {
      await this.kill()
      throw error
    }
  }

  #signal(signal: NodeJS.Signals): number | undefined {
    const pid = this.#child?.pid
    if (pid === undefined) return undefined
    // The whole group: what it has started goes with it.
    process.kill(-pid, signal)
    return pid
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    if (!child) return
    child.ref()
    const ended = once(child, 'exit')
    this.#signal(signal)
    await ended
  }
}
