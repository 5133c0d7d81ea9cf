import { type KafkaServer, startKafka, type TcpProxy } from '@sync/brokers'

/** A broker, and a proxy in front of it. */
export interface SharedBroker {
  readonly kafka: KafkaServer
  readonly proxy: TcpProxy
}

/** Time after which an unused broker is stopped, in milliseconds. */
const IDLE_MS = 2_000

let started: Promise<SharedBroker> | undefined
let users = 0
let idle: NodeJS.Timeout | undefined

/** Returns the shared broker, and starts it if necessary, which takes seconds. It is stopped after a while without users. */
export async function acquireBroker(): Promise<SharedBroker> {
  users++
  clearTimeout(idle)
  started ??= startKafka().then(async (kafka) => ({ kafka, proxy: await kafka.startProxy() }))
  return started
}

/** Releases the shared broker, and restarts it if the user killed it. */
export async function releaseBroker(): Promise<void> {
  const { kafka } = (await started) ?? {}
  if (kafka && !kafka.running) await kafka.restart()
  if (--users === 0) idle = setTimeout(stopBroker, IDLE_MS)
}

/** Stops the shared broker immediately. */
export async function stopBroker(): Promise<void> {
  clearTimeout(idle)
  const broker = await started
  started = undefined
  await broker?.proxy[Symbol.asyncDispose]()
  await broker?.kafka[Symbol.asyncDispose]()
}
