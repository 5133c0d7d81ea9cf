import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ToListener, ToParent } from './listener-process.ts'

const PROGRAM = fileURLToPath(new URL('listener-process.ts', import.meta.url))

/** A process of its own that holds all documents, and applies what it hears. */
export interface Listener extends AsyncDisposable {
  /** Resolves when it has applied the change of the first document to this price. */
  applied(price: number): Promise<void>
  /** How long changes took that were applied since the last call, in ms, of a part of the documents. */
  delays(): Promise<readonly number[]>
}

/** `ours`: an instance; `bare`: a subscriber that parses a message and copies a document for each change. */
export async function startListener(url: string, how: 'ours' | 'bare'): Promise<Listener> {
  const child = fork(PROGRAM, [how, url], { execArgv: ['--conditions=@sync/source'] })
  const ended = once(child, 'exit')
  await next(child, ({ kind }) => kind === 'ready')
  return {
    async applied(price) {
      await next(child, (told) => told.kind === 'applied' && told.price === price)
    },
    async delays() {
      const answer = next(child, ({ kind }) => kind === 'delays')
      child.send('delays' satisfies ToListener)
      const told = await answer
      return told.kind === 'delays' ? told.ms : []
    },
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
    },
  }
}

function next(child: ChildProcess, wanted: (told: ToParent) => boolean): Promise<ToParent> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      child.off('message', hear)
      child.off('exit', fail)
    }
    const hear = (told: unknown): void => {
      if (!wanted(told as ToParent)) return
      end()
      resolve(told as ToParent)
    }
    const fail = (): void => {
      end()
      reject(new Error('the listening process has ended'))
    }
    child.on('message', hear)
    child.on('exit', fail)
  })
}
