import {
  type BusCapabilities,
  type ChangeBus,
  decodeFrame,
  type EncodedChange,
  joinChange,
  type Scope,
  type SectionRef,
  type Subscription,
  type WireChange,
} from '@sync/core/adapter'
import type { BusHarness } from '../harness/harness.ts'
import { firstFault, type KeyHistory, type Tolerance } from '../judge/history.ts'
import { demand } from '../judge/violation.ts'
import { Stage, type StageOptions } from './stage.ts'

/** Key of what is sent to find out whether a subscription is live, or whether all before it has come. */
const PROBE = '\u2063probe'

/** A subscriber that notes what it hears. */
export interface Listener {
  readonly client: string
  readonly heard: WireChange[]
  readonly frames: { readonly size: number; readonly offset: string | undefined }[]
  /** Frames that could not be read. */
  readonly unreadable: unknown[]
  readonly probes: Set<number>
  readonly subscription: Subscription
  stop(): Promise<void>
}

/** How to listen. */
export interface ListenOptions {
  readonly client?: string
  readonly after?: string
  readonly signal?: AbortSignal
  /** Called for each change after it was noted. */
  readonly onChange?: (change: WireChange) => void
  /** Count as live when `subscribe` resolves, whatever the bus declares. */
  readonly asIs?: boolean
}

/** What rules about a bus work with. */
export class BusStage extends Stage<BusHarness> {
  readonly capabilities: BusCapabilities
  /** A client that is open from the start. */
  readonly bus: ChangeBus
  #sequence = 0
  #probes = 0

  private constructor(harness: BusHarness, bus: ChangeBus, options: StageOptions) {
    super(harness, options)
    this.bus = bus
    this.capabilities = bus.capabilities
  }

  static async open(harness: BusHarness, options: StageOptions): Promise<BusStage> {
    const bus = await harness.open()
    const stage = new BusStage(harness, bus, options)
    stage.after(() => bus.close())
    return stage
  }

  /** One more client. */
  async open(): Promise<ChangeBus> {
    return this.keep(await this.harness.open())
  }

  /** A section that nobody has used. */
  section(name: string = this.name('section')): SectionRef {
    return { partition: this.harness.namespace, section: name }
  }

  /** A change of a key; its sequence is one higher than the last one's. */
  change(key: string, whole = '1'): EncodedChange {
    const sequence = ++this.#sequence
    return joinChange({
      key,
      epoch: 'epoch',
      origin: 'kit',
      generation: 1,
      version: sequence,
      sequence,
      time: 0,
      edits: [{ field: 'f', version: sequence, whole }],
    })
  }

  /** Subscribes, and waits until it is live, where that takes longer than `subscribe`. */
  async listen(bus: ChangeBus, scope: Scope, options: ListenOptions = {}): Promise<Listener> {
    const { client = this.name('client '), after, signal, onChange, asIs = false } = options
    const heard: WireChange[] = []
    const frames: Listener['frames'] = []
    const unreadable: unknown[] = []
    const probes = new Set<number>()
    const onFrame = (frame: string | Uint8Array, offset?: string): void => {
      frames.push({ size: typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length, offset })
      let changes: readonly WireChange[]
      try {
        changes = decodeFrame(frame).changes
      } catch (error) {
        unreadable.push(error)
        return
      }
      for (const change of changes) {
        if (change.key === PROBE) probes.add(change.sequence)
        else {
          heard.push(change)
          onChange?.(change)
        }
      }
    }
    const subscribing = bus.subscribe(scope, onFrame, {
      ...(after !== undefined && { after }),
      ...(signal && { signal }),
    })
    const subscription = await this.settled(subscribing, `subscribe of ${client}`)
    const stop = (): Promise<void> => this.settled(subscription.stop(), `stop of ${client}`)
    const listener = { client, heard, frames, unreadable, probes, subscription, stop }
    if (!asIs && this.capabilities.live === 'eventually') {
      await this.until(async () => {
        await this.#probe(scope)
        return probes.size > 0
      }, `the subscription of ${client} never became live`)
    }
    return listener
  }

  /**
   * Waits until everything published to a scope before has come to these listeners, if it comes at all: sends one change
   * more, and waits for that.
   */
  async drained(scope: Scope, listeners: readonly Listener[], from: ChangeBus = this.bus): Promise<void> {
    let sent: number[] = []
    const all = (): boolean => listeners.every(({ probes }) => sent.some((probe) => probes.has(probe)))
    let next = 0
    await this.until(
      async () => {
        // one more now and then: a bus that loses messages may lose this one
        if (this.now() >= next) {
          next = this.now() + this.patience / 4
          sent = [...sent, await this.#probe(scope, from)]
        }
        return all()
      },
      () => {
        const deaf = listeners.filter(({ probes }) => !sent.some((probe) => probes.has(probe)))
        return `${deaf.map(({ client }) => client).join(', ')} hears nothing that is published now`
      },
    )
  }

  async #probe(scope: Scope, from: ChangeBus = this.bus): Promise<number> {
    const sequence = 1_000_000_000 + ++this.#probes
    const probe = joinChange({
      key: PROBE,
      epoch: 'epoch',
      origin: 'kit',
      generation: sequence,
      version: 1,
      sequence,
      time: 0,
      edits: 'omitted',
    })
    await this.settled(from.publish(scope, [probe]), 'publish')
    return sequence
  }

  /** Publishes each change by itself, one after another. */
  async publish(scope: Scope, changes: readonly EncodedChange[], from: ChangeBus = this.bus): Promise<void> {
    for (const change of changes) await this.settled(from.publish(scope, [change]), 'publish')
  }

  /** May what was heard come again? */
  get repeats(): boolean {
    return this.capabilities.delivery === 'at-least-once'
  }

  /** Waits for all that was sent, and holds what came against it, key by key. */
  async expectAll(listener: Listener, sent: readonly EncodedChange[], tolerance: Tolerance = {}): Promise<void> {
    const wanted = new Set(sent.map(({ sequence }) => sequence))
    const faulty = (): string | undefined =>
      firstFault(historiesOf(listener, sent), { repeats: this.repeats, ...tolerance })
    await this.until(
      () => new Set(listener.heard.map(({ sequence }) => sequence)).size >= wanted.size,
      () => faulty() ?? `${listener.client} heard ${listener.heard.length} of ${wanted.size} changes`,
    )
    const fault = faulty()
    demand(fault === undefined, fault ?? '')
  }
}

/** What a listener heard, key by key, beside what was sent. */
function historiesOf({ client, heard }: Listener, sent: readonly EncodedChange[]): KeyHistory[] {
  const keys = new Set([...sent, ...heard].map(({ key }) => key))
  const of = (changes: readonly { key: string; sequence: number }[], key: string): number[] =>
    changes.filter((change) => change.key === key).map(({ sequence }) => sequence)
  return [...keys].map((key) => ({ key, client, sent: of(sent, key), got: of(heard, key) }))
}
