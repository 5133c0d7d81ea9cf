import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ToListener, ToParent } from './listener-process.ts'

const PROGRAM = fileURLToPath(new URL('listener-process.ts', import.meta.url))

/** A separate process that caches all documents and applies received changes. */
export interface Listener extends AsyncDisposable {
  /** Resolves when the process has applied the change that set the first document's price to `price`. */
  applied(price: number): Promise<void>
  /** Resolves to the delays, in ms, of the sampled documents' changes since the last call. */
  delays(): Promise<readonly number[]>
}

/** Starts a listener. `ours`: an instance. `bare`: a subscriber that parses each message and copies a document per change. */
export async function startListener(url: string, variant: 'ours' | 'bare'): Promise<Listener> {
  const child = fork(PROGRAM, [variant, url], { execArgv: ['--conditions=@sync/source'] })
  const ended = once(child, 'exit')
  await nextMessage(child, ({ kind }) => kind === 'ready')
  return {
    async applied(price) {
      await nextMessage(child, (message) => message.kind === 'applied' && message.price === price)
    },
    async delays() {
      const answer = nextMessage(child, ({ kind }) => kind === 'delays')
      child.send('delays' satisfies ToListener)
      const message = await answer
      return message.kind === 'delays' ? message.ms : []
    },
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
    },
  }
}

function nextMessage(child: ChildProcess, matches: (message: ToParent) => boolean): Promise<ToParent> {
  return new Promise((resolve, reject) => {
    const cleanUp = (): void => {
      child.off('message', onMessage)
      child.off('exit', onExit)
    }
    const onMessage = (message: unknown): void => {
      if (!matches(message as ToParent)) return
      cleanUp()
      resolve(message as ToParent)
    }
    const onExit = (): void => {
      cleanUp()
      reject(new Error('the listener process exited unexpectedly'))
    }
    child.on('message', onMessage)
    child.on('exit', onExit)
  })
}
