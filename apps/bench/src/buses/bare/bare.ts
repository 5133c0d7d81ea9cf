import { type BareChange, bareChange, documentText, MARK } from '../changes.ts'
import type { OpenSide, Ways } from '../side.ts'

/** A client as a program uses it that knows nothing of ours. */
interface Wire {
  /** Sends one message; resolves when the server has it. */
  send(key: string, text: string): Promise<void>
  close(): Promise<void>
}

/** Connects; resolves when each message that is sent from now on will be handed over. */
export type OpenWire = (ways: Ways, onMessage: (data: Uint8Array) => void) => Promise<Wire>

/** A message for each change, parsed where it is heard, and applied by copying on write. */
export const openBare =
  (open: OpenWire): OpenSide =>
  async (ways) => {
    const held = new Map<string, Record<string, unknown>>()
    let applied = (): void => {}
    const wire = await open(ways, (data) => {
      const { key, fields } = JSON.parse(
        Buffer.from(data.buffer, data.byteOffset, data.length).toString(),
      ) as BareChange
      const before = held.get(key) ?? (JSON.parse(documentText) as Record<string, unknown>)
      held.set(key, Object.freeze({ ...before, ...fields }))
      applied()
    })
    const send = (n: number): Promise<void> => {
      const change = bareChange(n)
      return wire.send(change.key, JSON.stringify(change))
    }
    return {
      async publish(from, count) {
        if (count === 1) return send(from)
        await Promise.all(Array.from({ length: count }, (_, at) => send(from + at)))
      },
      shown(key) {
        const mark = held.get(key)?.[MARK]
        return typeof mark === 'number' && held.get(key)?.['route1'] ? mark : -1
      },
      onApplied(listener) {
        applied = listener
      },
      [Symbol.asyncDispose]: () => wire.close(),
    }
  }
