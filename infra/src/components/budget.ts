import { Budget } from '@pulumi/aws/budgets/budget.js';
import type { ComponentResourceOptions, Input } from '@pulumi/pulumi';
import { STACK_TAG } from '../names';
import { Part } from './part';

export interface StackBudgetArgs {
  stack: string;
  limitUsd: number;
  email: string;
  topicArn: Input<string>;
}

/** A budget for the stack's part of AWS's bill. It selects costs by STACK_TAG, which the account must have as a cost allocation tag. */
export class StackBudget extends Part {
  constructor(name: string, { stack, limitUsd, email, topicArn }: StackBudgetArgs, options: ComponentResourceOptions) {
    super('StackBudget', name, options);
    const at = (threshold: number, notificationType: 'ACTUAL' | 'FORECASTED') => ({
      comparisonOperator: 'GREATER_THAN',
      threshold,
      thresholdType: 'PERCENTAGE',
      notificationType,
      subscriberEmailAddresses: [email],
      subscriberSnsTopicArns: [topicArn],
    });
    new Budget(
      name,
      {
        name,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        limitAmount: String(limitUsd),
        limitUnit: 'USD',
        costFilters: [{ name: 'TagKeyValue', values: [`user:${STACK_TAG}$${stack}`] }],
        notifications: [at(80, 'ACTUAL'), at(100, 'ACTUAL'), at(100, 'FORECASTED')],
        tags: { Name: name },
      },
      this.child(),
    );
    this.registerOutputs({});
  }
}
