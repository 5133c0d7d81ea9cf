import {
  assembleChange,
  type BusCapabilities,
  type ChangeBus,
  decodeFrame,
  type EncodedChange,
  type Scope,
  type SectionRef,
  type Subscription,
  type WireChange,
} from '@sync/core/adapter'
import { assertThat } from '../checkers/assertions.ts'
import { findFirstViolation, type KeyHistory, type Tolerance } from '../checkers/history.ts'
import type { BusHarness } from '../harness/harness.ts'
import { TestContext, type TestContextOptions } from './test-context.ts'

/** Key of the probes, which show that a subscription is live, or that every change before the probe was delivered. */
const PROBE_KEY = '\u2063probe'

/** Subscriber that records every frame. */
export interface RecordingSubscriber {
  readonly client: string
  readonly received: WireChange[]
  readonly frames: { readonly size: number; readonly offset: string | undefined }[]
  /** Errors of malformed frames. */
  readonly undecodable: unknown[]
  /** Sequences of the received probes. */
  readonly probes: Set<number>
  readonly subscription: Subscription
  stop(): Promise<void>
}

/** Options of a recording subscriber. */
export interface RecordingOptions {
  readonly client?: string
  readonly after?: string
  readonly signal?: AbortSignal
  /** Called for each change, after it was recorded. */
  readonly onChange?: (change: WireChange) => void
  /** Assume that the subscription is live when `subscribe` resolves, even if the bus declares `live: 'eventually'`. */
  readonly skipLivenessProbe?: boolean
}

/** Test context of rules about buses. */
export class BusTestContext extends TestContext<BusHarness> {
  readonly capabilities: BusCapabilities
  /** Client that is open from the start. */
  readonly bus: ChangeBus
  #sequence = 0
  #probeCount = 0

  private constructor(harness: BusHarness, bus: ChangeBus, options: TestContextOptions) {
    super(harness, options)
    this.bus = bus
    this.capabilities = bus.capabilities
  }

  static async open(harness: BusHarness, options: TestContextOptions): Promise<BusTestContext> {
    const bus = await harness.open()
    const context = new BusTestContext(harness, bus, options)
    context.onCleanup(() => bus.close())
    return context
  }

  /** Opens another client. */
  async open(): Promise<ChangeBus> {
    return this.closeOnCleanup(await this.harness.open())
  }

  /** Returns an unused section, or the one with the given name. */
  section(name: string = this.uniqueName('section')): SectionRef {
    return { partition: this.harness.namespace, section: name }
  }

  /** Returns a change of a key, with the next sequence. */
  change(key: string, whole = '1'): EncodedChange {
    const sequence = ++this.#sequence
    return assembleChange({
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

  /** Subscribes, and waits until the subscription is live if the bus declares `live: 'eventually'`. */
  async subscribe(bus: ChangeBus, scope: Scope, options: RecordingOptions = {}): Promise<RecordingSubscriber> {
    const { client = this.uniqueName('client '), after, signal, onChange, skipLivenessProbe = false } = options
    const received: WireChange[] = []
    const frames: RecordingSubscriber['frames'] = []
    const undecodable: unknown[] = []
    const probes = new Set<number>()
    const onFrame = (frame: string | Uint8Array, offset?: string): void => {
      frames.push({ size: typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length, offset })
      let changes: readonly WireChange[]
      try {
        changes = decodeFrame(frame).changes
      } catch (error) {
        undecodable.push(error)
        return
      }
      for (const change of changes) {
        if (change.key === PROBE_KEY) probes.add(change.sequence)
        else {
          received.push(change)
          onChange?.(change)
        }
      }
    }
    const subscribing = bus.subscribe(scope, onFrame, {
      ...(after !== undefined && { after }),
      ...(signal && { signal }),
    })
    const subscription = await this.withTimeout(subscribing, `subscribe of ${client}`)
    const stop = (): Promise<void> => this.withTimeout(subscription.stop(), `stop of ${client}`)
    const subscriber = { client, received, frames, undecodable, probes, subscription, stop }
    if (!skipLivenessProbe && this.capabilities.live === 'eventually') {
      await this.waitUntil(async () => {
        await this.#publishProbe(scope)
        return probes.size > 0
      }, `the subscription of ${client} never became live`)
    }
    return subscriber
  }

  /**
   * Waits until every change that was published to a scope has reached these subscribers or is lost: publishes a probe, and
   * waits for it.
   */
  async waitForDelivery(
    scope: Scope,
    subscribers: readonly RecordingSubscriber[],
    from: ChangeBus = this.bus,
  ): Promise<void> {
    let sent: number[] = []
    const isComplete = (): boolean => subscribers.every(({ probes }) => sent.some((probe) => probes.has(probe)))
    let next = 0
    await this.waitUntil(
      async () => {
        // A bus that loses messages may lose a probe, so that several may be needed.
        if (this.now() >= next) {
          next = this.now() + this.stateTimeout / 4
          sent = [...sent, await this.#publishProbe(scope, from)]
        }
        return isComplete()
      },
      () => {
        const silent = subscribers.filter(({ probes }) => !sent.some((probe) => probes.has(probe)))
        return `no new change reaches ${silent.map(({ client }) => client).join(', ')}`
      },
    )
  }

  async #publishProbe(scope: Scope, from: ChangeBus = this.bus): Promise<number> {
    const sequence = 1_000_000_000 + ++this.#probeCount
    const probe = assembleChange({
      key: PROBE_KEY,
      epoch: 'epoch',
      origin: 'kit',
      generation: sequence,
      version: 1,
      sequence,
      time: 0,
      edits: 'omitted',
    })
    await this.withTimeout(from.publish(scope, [probe]), 'publish')
    return sequence
  }

  /** Publishes changes one after another, each in its own call. */
  async publish(scope: Scope, changes: readonly EncodedChange[], from: ChangeBus = this.bus): Promise<void> {
    for (const change of changes) await this.withTimeout(from.publish(scope, [change]), 'publish')
  }

  /** True if the bus may deliver a change again. */
  get allowDuplicates(): boolean {
    return this.capabilities.delivery === 'at-least-once'
  }

  /** Waits for all sent changes, and checks the received ones against them, key by key. */
  async expectAllReceived(
    subscriber: RecordingSubscriber,
    sent: readonly EncodedChange[],
    tolerance: Tolerance = {},
  ): Promise<void> {
    const expected = new Set(sent.map(({ sequence }) => sequence))
    const findProblem = (): string | undefined =>
      findFirstViolation(historiesOf(subscriber, sent), { allowDuplicates: this.allowDuplicates, ...tolerance })
    await this.waitUntil(
      () => new Set(subscriber.received.map(({ sequence }) => sequence)).size >= expected.size,
      () => findProblem() ?? `${subscriber.client} received ${subscriber.received.length} of ${expected.size} changes`,
    )
    const problem = findProblem()
    assertThat(problem === undefined, problem ?? '')
  }
}

/** Returns the sent and received changes of a subscriber, key by key. */
function historiesOf({ client, received }: RecordingSubscriber, sent: readonly EncodedChange[]): KeyHistory[] {
  const keys = new Set([...sent, ...received].map(({ key }) => key))
  const sequencesOf = (changes: readonly { key: string; sequence: number }[], key: string): number[] =>
    changes.filter((change) => change.key === key).map(({ sequence }) => sequence)
  return [...keys].map((key) => ({ key, client, sent: sequencesOf(sent, key), received: sequencesOf(received, key) }))
}
