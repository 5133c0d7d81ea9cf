import { readFile } from 'node:fs/promises'
import { canTest, createCertificate, startKafka } from '@sync/brokers'
import { kafkaBus } from '@sync/kafka'
import { describe, expect, test, vi } from 'vitest'
import { change } from './change.ts'

const scope = { partition: 'p', section: 's' }

describe.runIf(await canTest('Kafka with TLS and a password', { broker: 'kafka', controllable: true }))(
  'TLS and SASL',
  () => {
    test('let in who has a certificate and knows the password, and turn others away', async () => {
      const { cert, certFile, keyFile, combinedFile } = await createCertificate()
      const key = await readFile(keyFile, 'utf8')
      const config = {
        'listener.security.protocol.map': 'CLIENT:SASL_SSL,PROXIED:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
        'listener.name.client.ssl.keystore.type': 'PEM',
        'listener.name.client.ssl.keystore.location': combinedFile,
        'listener.name.client.ssl.truststore.type': 'PEM',
        'listener.name.client.ssl.truststore.location': certFile,
        'listener.name.client.ssl.client.auth': 'required',
        'listener.name.client.plain.sasl.jaas.config':
          'org.apache.kafka.common.security.plain.PlainLoginModule required user_ann="s3cr3t";',
        'sasl.enabled.mechanisms': 'PLAIN',
      }
      const sasl = { mechanism: 'plain', username: 'ann', password: 's3cr3t' } as const
      await using kafka = await startKafka({ config, connection: { ssl: { ca: cert, cert, key }, sasl } })
      for (const client of ['kafkajs', 'platformatic'] as const) {
        const tls = { ca: cert, cert, key }
        await using bus = kafkaBus(`kafka://ann:s3cr3t@${kafka.address}`, { client, tls })
        let received = 0
        await bus.subscribe(scope, () => received++)
        await bus.publish(scope, [change(1)])
        await vi.waitFor(() => expect(received).toBe(1), { timeout: 10_000, interval: 5 })

        await using stranger = kafkaBus([kafka.address], { client, tls, sasl: { ...sasl, password: 'guess' } })
        await expect(stranger.publish(scope, [change(2)]), client).rejects.toMatchObject({ code: 'SYNC_KAFKA' })

        await using bare = kafkaBus([kafka.address], { client, tls: { ca: cert }, sasl, timeout: '1s' })
        await expect(bare.publish(scope, [change(3)]), client).rejects.toMatchObject({ code: 'SYNC_BUS_UNAVAILABLE' })
      }
    }, 90_000)
  },
)
