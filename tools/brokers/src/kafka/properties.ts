/** A broker's configuration. */
export type Properties = Readonly<Record<string, string>>

/** What a node listens on. */
export interface Ports {
  /** Clients connect here. */
  readonly client: number
  /** The other brokers. */
  readonly internal: number
  /** The controllers' votes. */
  readonly controller: number
  /** A proxy connects here, */
  readonly proxied: number
  /** and clients are told to connect to the proxy there. */
  readonly proxy: number
}

/** A node among those of its cluster, numbered from 1. */
export interface NodePlacement {
  readonly nodeId: number
  readonly ports: readonly Ports[]
}

/** What lets a node find the others, and tests run quickly. */
export function brokerProperties({ nodeId, ports }: NodePlacement): Properties {
  const ownPorts = ports[nodeId - 1]
  if (!ownPorts) throw new RangeError(`there is no node ${nodeId}`)
  const replicas = Math.min(3, ports.length)
  const address = (port: number): string => `127.0.0.1:${port}`
  return {
    'process.roles': 'broker,controller',
    'node.id': `${nodeId}`,
    'controller.quorum.voters': ports.map(({ controller }, index) => `${index + 1}@${address(controller)}`).join(','),
    listeners: `CLIENT://${address(ownPorts.client)},PROXIED://${address(ownPorts.proxied)},INTERNAL://${address(ownPorts.internal)},CONTROLLER://${address(ownPorts.controller)}`,
    // A client is told to connect where it asked: through the proxy, if it came that way.
    'advertised.listeners': `CLIENT://${address(ownPorts.client)},PROXIED://${address(ownPorts.proxy)},INTERNAL://${address(ownPorts.internal)}`,
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,PROXIED:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'INTERNAL',
    'controller.listener.names': 'CONTROLLER',
    'auto.create.topics.enable': 'false',
    // Else joining a group takes 3 s more.
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': `${replicas}`,
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': `${replicas}`,
    'transaction.state.log.min.isr': `${Math.min(2, replicas)}`,
    'default.replication.factor': `${replicas}`,
    'min.insync.replicas': `${Math.min(2, replicas)}`,
    // A dead broker is noticed after 2 s, not 9.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '300',
    // Small machines, small data.
    'log.cleaner.dedupe.buffer.size': '2097152',
    'num.network.threads': '1',
    'num.io.threads': '2',
    'background.threads': '2',
  }
}

/** As a file of properties. */
export function toPropertiesText(properties: Properties): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
