import { Topic } from '@pulumi/aws/sns/topic.js';
import { TopicPolicy } from '@pulumi/aws/sns/topicPolicy.js';
import { TopicSubscription } from '@pulumi/aws/sns/topicSubscription.js';
import type { ComponentResourceOptions, Output } from '@pulumi/pulumi';
import { aliasName, type Place } from '../naming/names';
import { alarmKeyPolicy, alarmTopicPolicy } from '../policies/alarms';
import { GuardedKey } from './guarded-key';
import { Part, policyText } from './part';

/** Where alarms go, encrypted. Whoever is subscribed confirms it by the email that AWS sends. */
export class AlarmTopic extends Part {
  readonly topicArn: Output<string>;

  constructor(name: string, { place, email }: { place: Place; email: string }, options: ComponentResourceOptions) {
    super('AlarmTopic', name, options);
    const key = new GuardedKey(
      `${name}-key`,
      {
        description: 'Alarms on their way to people',
        alias: aliasName(place.stack, 'alarms'),
        policy: alarmKeyPolicy(place),
        protect: false,
      },
      { parent: this },
    );
    const topic = new Topic(name, { name, kmsMasterKeyId: key.keyArn, tags: { Name: name } }, this.child());
    new TopicPolicy(
      name,
      { arn: topic.arn, policy: policyText(topic.arn.apply((arn) => alarmTopicPolicy(place, arn))) },
      this.child(),
    );
    new TopicSubscription(name, { topic: topic.arn, protocol: 'email', endpoint: email }, this.child());
    this.topicArn = topic.arn;
    this.registerOutputs({});
  }
}
