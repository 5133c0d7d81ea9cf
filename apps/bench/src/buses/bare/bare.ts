import type { Endpoints, OpenBusUnderTest } from '../bus-under-test.ts'
import { type BareChange, bareChange, documentText, MARK } from '../changes.ts'

/** A client as a program uses it that knows nothing of ours. */
interface BareClient {
  /** Sends one message; resolves when the server has it. */
  send(key: string, text: string): Promise<void>
  close(): Promise<void>
}

/** Connects; resolves when each message that is sent from now on will be handed over. */
export type OpenBareClient = (endpoints: Endpoints, onMessage: (data: Uint8Array) => void) => Promise<BareClient>

/** A message for each change, parsed where it is heard, and applied by copying on write. */
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
        await Promise.all(Array.from({ length: count }, (_, at) => send(from + at)))
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
