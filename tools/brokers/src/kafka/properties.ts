/** A broker's configuration, by property name. */
export type Properties = Readonly<Record<string, string>>

/** Ports of one node. */
export interface Ports {
  /** Listener for clients. */
  readonly client: number
  /** Listener for the other brokers. */
  readonly internal: number
  /** Listener for the controller quorum. */
  readonly controller: number
  /** Listener for the node's proxy. */
  readonly proxied: number
  /** Port of the proxy itself, which the `proxied` listener advertises to clients. */
  readonly proxy: number
}

/** A node's number, counted from 1, and the ports of all nodes of its cluster. */
export interface NodePlacement {
  readonly nodeId: number
  readonly ports: readonly Ports[]
}

/** Returns the properties with which a node finds the other nodes, tuned for fast tests. */
export function brokerProperties({ nodeId, ports }: NodePlacement): Properties {
  const ownPorts = ports[nodeId - 1]
  if (!ownPorts) throw new RangeError(`nodeId: expected 1 to ${ports.length}, got ${nodeId}`)
  const replicas = Math.min(3, ports.length)
  const address = (port: number): string => `127.0.0.1:${port}`
  return {
    'process.roles': 'broker,controller',
    'node.id': `${nodeId}`,
    'controller.quorum.voters': ports.map(({ controller }, index) => `${index + 1}@${address(controller)}`).join(','),
    listeners: `CLIENT://${address(ownPorts.client)},PROXIED://${address(ownPorts.proxied)},INTERNAL://${address(ownPorts.internal)},CONTROLLER://${address(ownPorts.controller)}`,
    // Each listener advertises the address through which its clients came, so proxied clients stay on the proxy.
    'advertised.listeners': `CLIENT://${address(ownPorts.client)},PROXIED://${address(ownPorts.proxy)},INTERNAL://${address(ownPorts.internal)}`,
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,PROXIED:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'INTERNAL',
    'controller.listener.names': 'CONTROLLER',
    'auto.create.topics.enable': 'false',
    // The default adds 3 s to the first join of a group.
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': `${replicas}`,
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': `${replicas}`,
    'transaction.state.log.min.isr': `${Math.min(2, replicas)}`,
    'default.replication.factor': `${replicas}`,
    'min.insync.replicas': `${Math.min(2, replicas)}`,
    // The controller detects a dead broker after 2 s instead of 9 s.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '300',
    // Smaller than the defaults, because tests run on small machines with little data.
    'log.cleaner.dedupe.buffer.size': '2097152',
    'num.network.threads': '1',
    'num.io.threads': '2',
    'background.threads': '2',
  }
}

/** Returns the contents of a `.properties` file. */
export function toPropertiesText(properties: Properties): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
