import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ServerControls } from './controls.ts'
import { containerHandle, nativeProcessHandle, type ProcessHandle } from './process-handle.ts'
import { commandLine, type Program } from './program.ts'
import { spawnTracked, trackContainer, untrackContainer } from './temp-dir.ts'
import { GiveUpError, waitFor } from './wait-for.ts'

/** Options of a server process. */
export interface ServerOptions {
  readonly name: string
  readonly program: Program
  readonly args: readonly string[]
  /** Working directory, which also contains the server's log. */
  readonly folder: string
  /** Readiness probe. Throws while the server is not ready. */
  readonly ready: () => Promise<unknown>
  /** Maximum time to become ready, in milliseconds. @default 30_000 */
  readonly timeout?: number
  /** Time between two readiness probes, in milliseconds. @default 10 */
  readonly interval?: number
}

/** The server's process exited before it was ready. `log` is its output. */
export class NotStartedError extends Error {
  override name = 'NotStartedError'
  readonly log: string
  constructor(name: string, log: string) {
    super(`${name} exited before it was ready:\n${log}`)
    this.log = log
  }
}

interface RunningProcess {
  readonly child: ChildProcess
  readonly handle: ProcessHandle
}

/** A server in a child process, which is killed at the latest when this process ends. */
export class ServerProcess implements ServerControls {
  readonly #options: ServerOptions
  #running: RunningProcess | undefined
  #paused = false

  private constructor(options: ServerOptions) {
    this.#options = options
  }

  /** Starts the server and resolves when it is ready. */
  static async start(options: ServerOptions): Promise<ServerProcess> {
    const server = new ServerProcess(options)
    await server.#start()
    return server
  }

  get running(): boolean {
    return this.#running !== undefined
  }

  async kill(): Promise<void> {
    await this.#terminate('SIGKILL')
  }

  async stop(): Promise<void> {
    // A paused process would not react to SIGTERM.
    await this.resume()
    await this.#terminate('SIGTERM')
  }

  async pause(): Promise<void> {
    if (!this.#running) throw new Error(`${this.#options.name}: expected a running server, got a stopped one`)
    if (this.#paused) return
    await this.#running.handle.pause()
    this.#paused = true
  }

  async resume(): Promise<void> {
    if (this.#paused) await this.#running?.handle.resume()
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
    const { size: logOffset } = await log.stat()
    const container = `sync-brokers-${randomUUID()}`
    if (program.image !== undefined) await trackContainer(container)
    const child = await spawnTracked(commandLine({ program, args, folder, container }), {
      cwd: folder,
      env: { ...process.env, ...program.env },
      stdio: ['ignore', log.fd, log.fd],
    })
    await log.close()
    const running = {
      child,
      handle: program.image === undefined ? nativeProcessHandle(child) : containerHandle(container),
    }
    this.#running = running
    this.#paused = false
    child.once('exit', () => {
      if (this.#running === running) this.#running = undefined
      void untrackContainer(container)
    })
    const attempt = async (): Promise<true> => {
      if (!this.running)
        throw new GiveUpError(new NotStartedError(name, (await readFile(logFile)).subarray(logOffset).toString()))
      await ready()
      return true
    }
    try {
      await waitFor(attempt, { condition: `${name} is ready (log: ${logFile})`, timeout, interval })
    } catch (error) {
      await this.kill()
      throw error
    }
  }

  async #terminate(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (!this.#running) return
    const { child, handle } = this.#running
    child.ref()
    const ended = once(child, 'exit')
    await handle.signal(signal)
    await ended
  }
}
