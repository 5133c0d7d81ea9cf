import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Control, containerControl, processControl } from './control.ts'
import type { Hooks } from './hooks.ts'
import { forgetContainer, noteContainer, spawnNoted } from './own-folder.ts'
import { commandLine, type Program } from './program.ts'
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
  /** Milliseconds between two looks whether it is ready. @default 10 */
  readonly interval?: number
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

interface Running {
  readonly child: ChildProcess
  readonly control: Control
}

/** A server in a process of its own, that ends with this one at the latest. */
export class ServerProcess implements Hooks {
  readonly #options: ServerOptions
  #running: Running | undefined
  #paused = false

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
    return this.#running !== undefined
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  async stop(): Promise<void> {
    // One that stands still would not hear of it.
    await this.resume()
    await this.#end('SIGTERM')
  }

  async pause(): Promise<void> {
    if (!this.#running) throw new Error(`${this.#options.name} is not running`)
    if (this.#paused) return
    await this.#running.control.pause()
    this.#paused = true
  }

  async resume(): Promise<void> {
    if (this.#paused) await this.#running?.control.resume()
    this.#paused = false
  }

  async restart(): Promise<void> {
    if (this.running) await this.stop()
    await this.#start()
  }

  async #start(): Promise<void> {
    const { name, program, args, folder, ready, timeout = 30_000, interval = 10 } = this.#options
    const logFile = join(folder, 'server.log')
    const log = await open(logFile, 'a')
    const { size: from } = await log.stat()
    const container = `sync-brokers-${randomUUID()}`
    if (program.image !== undefined) await noteContainer(container)
    const child = await spawnNoted(commandLine({ program, args, folder, container }), {
      cwd: folder,
      env: { ...process.env, ...program.env },
      stdio: ['ignore', log.fd, log.fd],
    })
    await log.close()
    const running = {
      child,
      control: program.image === undefined ? processControl(child) : containerControl(container),
    }
    this.#running = running
    this.#paused = false
    child.once('exit', () => {
      if (this.#running === running) this.#running = undefined
      void forgetContainer(container)
    })
    const attempt = async (): Promise<true> => {
      if (!this.running)
        throw new GiveUpError(new NotStartedError(name, (await readFile(logFile)).subarray(from).toString()))
      await ready()
      return true
    }
    try {
      await until(attempt, { what: `${name} is ready (its log: ${logFile})`, timeout, interval })
    } catch (error) {
      await this.kill()
      throw error
    }
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (!this.#running) return
    const { child, control } = this.#running
    child.ref()
    const ended = once(child, 'exit')
    await control.signal(signal)
    await ended
  }
}
