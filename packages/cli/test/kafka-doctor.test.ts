import { canTest, type KafkaServer, startKafka } from '@sync/brokers'
import { kafkaBus } from '@sync/kafka'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from './run-cli.ts'

const CLIENTS = ['kafkajs', 'platformatic'] as const

describe('sync doctor kafka://… without a broker', () => {
  it.each(CLIENTS)('fails, and names the address and the cause (%s)', async (client) => {
    const { code, out } = await runCli(['doctor', `kafka://ann:s3cr3t@127.0.0.1:1?client=${client}`])
    expect(out).toMatch(/fail {2}connection {5}Kafka at 127\.0\.0\.1:1: .*ECONNREFUSED.* → check host, port/)
    expect(out).not.toContain('s3cr3t')
    expect(code).toBe(1)
  })
})

describe.runIf(await canTest('sync doctor kafka://…', { broker: 'kafka', controllable: true }))(
  'sync doctor kafka://…',
  () => {
    let kafka: KafkaServer
    beforeAll(async () => {
      kafka = await startKafka()
    })
    afterAll(() => kafka[Symbol.asyncDispose]())

    it.each(CLIENTS)(
      'reports brokers, versions and topics, and compares them with the options (%s)',
      async (client) => {
        const url = `${kafka.url}?client=${client}&topic=${client}.{partition}`
        const before = await runCli(['doctor', url])
        expect(before.out).toMatch(/ok {4}connection {5}127\.0\.0\.1:\d+/)
        expect(before.out).toMatch(/ok {4}version {8}fetch API version \d+/)
        expect(before.out).toMatch(/ok {4}brokers {8}1 broker, controller 1/)
        expect(before.out).toMatch(/ok {4}topics {9}none named .* exists yet/)
        expect(before.out).toMatch(/ok {4}latency/)
        expect(before.code).toBe(0)

        await using bus = kafkaBus(url, { partitions: 2, retention: '10s', maxPayloadBytes: 10_000 })
        await bus.subscribe({ partition: 'p', section: 's' }, () => {})
        const after = await runCli(['doctor', url])
        expect(after.out).toMatch(/\.p: 2 Kafka partitions, replication factor 1, min\.insync\.replicas 1/)
        expect(after.out).toMatch(/warn {2}retention .*\.p: retention\.ms 10000, but retention is 3600000 → set/)
        expect(after.out).toMatch(
          /warn {2}payload .*\.p: max\.message\.bytes 75536, but maxPayloadBytes needs 1048576 → set/,
        )
        expect(after.code).toBe(0)

        const asCreated = await runCli(['doctor', `${url}&retention=10s&maxPayloadBytes=10000`])
        expect(asCreated.out).not.toMatch(/^ {2}(warn|fail)/m)
        expect(asCreated.code).toBe(0)
      },
    )
  },
)
