import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { bundledFeed } from 'feed'
import type { DashboardFrame } from '../src/dashboard-frame.ts'
import { createPageServer } from '../src/server.ts'
import { type CatalogueOptions, openCatalogue } from '../src/servers/catalogue.ts'
import { openSystem, type System } from '../src/system.ts'

/** The whole app, including its page server. */
export interface Reference extends AsyncDisposable {
  readonly url: string
  readonly system: System
  /** Reads the page's event stream until a frame matches. */
  frame(matches: (frame: DashboardFrame) => boolean): Promise<DashboardFrame>
  post(path: string, body: unknown): Promise<Response>
}

let opened = 0

/** Opens the app; by default on its own in-memory store and bus. */
export async function openReference(options?: CatalogueOptions): Promise<Reference> {
  const memory = `memory:reference-test-${opened++}`
  const catalogue = await openCatalogue(options ?? { stores: [memory], buses: [memory] })
  const system = await openSystem({ file: bundledFeed, replicas: 3, rate: 200 }, catalogue, AbortSignal.timeout(60_000))
  const server = createPageServer(system).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    system,
    frame: (matches) => waitForFrame(url, matches),
    post: (path, body) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await system.close()
      await catalogue[Symbol.asyncDispose]()
    },
  }
}

async function waitForFrame(url: string, matches: (frame: DashboardFrame) => boolean): Promise<DashboardFrame> {
  const { body } = await fetch(`${url}/events`, { signal: AbortSignal.timeout(40_000) })
  let text = ''
  for await (const chunk of (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    text += chunk
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      if (!event.startsWith('event: frame\ndata: ')) continue
      const frame = JSON.parse(event.slice('event: frame\ndata: '.length)) as DashboardFrame
      if (matches(frame)) return frame
    }
  }
  throw new Error('expected a matching frame before the event stream ended')
}
