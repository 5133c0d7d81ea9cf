import type { Endpoints, OpenBusUnderTest } from '../bus-under-test.ts'
import { type BareChange, bareChange, documentText, MARK } from '../changes.ts'

/** A broker's client as an application would use it without `@sync`. */
interface BareClient {
  /** Sends one message. Resolves when the server has acknowledged it. */
  send(key: string, text: string): Promise<void>
  close(): Promise<void>
}

/** Connects a client. Resolves once `onMessage` receives every message that is sent from then on. */
export type OpenBareClient = (endpoints: Endpoints, onMessage: (data: Uint8Array) => void) => Promise<BareClient>

/** Wraps a bare client: sends one JSON message per change; the receiver parses it and applies it by copy-on-write. */
export const openBare =
  (open: OpenBareClient): OpenBusUnderTest =>
  async (endpoints) => {
    const documents = new Map<string, Record<string, unknown>>()
    let onApplied = (): void => {}
    const client = await open(endpoints, (data) => {
      const { key, fields } = JSON.parse(
        Buffer.from(data.buffer, data.byteOffset, data.length).toString(),
      ) as BareChange
      const before = documents.get(key) ?? (JSON.parse(documentText) as Record<string, unknown>)
      documents.set(key, Object.freeze({ ...before, ...fields }))
      onApplied()
    })
    const send = (n: number): Promise<void> => {
      const change = bareChange(n)
      return client.send(change.key, JSON.stringify(change))
    }
    return {
      async publish(from, count) {
        if (count === 1) return send(from)
        await Promise.all(Array.from({ length: count }, (_, index) => send(from + index)))
      },
      appliedChange(key) {
        const mark = documents.get(key)?.[MARK]
        return typeof mark === 'number' && documents.get(key)?.['route1'] ? mark : -1
      },
      onApplied(listener) {
        onApplied = listener
      },
      [Symbol.asyncDispose]: () => client.close(),
    }
  }
