import { type KafkaServer, startKafka, type TcpProxy } from '@sync/brokers'

/** A broker, and the proxy before it. */
export interface SharedBroker {
  readonly kafka: KafkaServer
  readonly proxy: TcpProxy
}

/** How long a broker stays when nobody uses it, in ms. */
const IDLE_MS = 2_000

let started: Promise<SharedBroker> | undefined
let users = 0
let idle: NodeJS.Timeout | undefined

/** One broker for all who need one, one after another: it takes seconds to start. It goes when nobody uses it for a while. */
export async function acquireBroker(): Promise<SharedBroker> {
  users++
  clearTimeout(idle)
  started ??= startKafka().then(async (kafka) => ({ kafka, proxy: await kafka.startProxy() }))
  return started
}

/** It is as it was, and may go. */
export async function releaseBroker(): Promise<void> {
  const { kafka } = (await started) ?? {}
  if (kafka && !kafka.running) await kafka.restart()
  if (--users === 0) idle = setTimeout(stopBroker, IDLE_MS)
}

/** Without waiting. */
export async function stopBroker(): Promise<void> {
  clearTimeout(idle)
  const both = await started
  started = undefined
  await both?.proxy[Symbol.asyncDispose]()
  await both?.kafka[Symbol.asyncDispose]()
}
