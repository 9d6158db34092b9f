"""Signing in, files that leave and tokens are told of in the journal, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leadops", "0031_where_acts_come_from")]

    operations = [
        migrations.AlterField(
            model_name='journalentry',
            name='kind',
            field=models.CharField(choices=[('captured', 'Captured'), ('came_back', 'Came back'), ('edited', 'Edited'), ('scored', 'Scored'), ('stage_moved', 'Stage moved'), ('status_set', 'Status set'), ('handed_off', 'Handed off to sales'), ('accepted', 'Accepted'), ('handed_back', 'Handed back'), ('assigned', 'Assigned'), ('taken_away', 'Taken away'), ('released', 'Released to the pool'), ('claimed', 'Claimed'), ('held', 'Held'), ('clock_started', 'Clock started'), ('clock_met', 'Clock met'), ('clock_breached', 'Clock breached'), ('clock_cancelled', 'Clock cancelled'), ('escalated', 'Escalated'), ('attempted', 'Attempt logged'), ('conversed', 'Conversation'), ('noted', 'Note'), ('snoozed', 'Snoozed'), ('task_set', 'Task set'), ('task_done', 'Task done'), ('opportunity_opened', 'Opportunity opened'), ('opportunity_changed', 'Opportunity changed'), ('opportunity_won', 'Won'), ('opportunity_lost', 'Lost'), ('stalled', 'Stalled'), ('resumed', 'Resumed'), ('merged', 'Merged'), ('unmerged', 'Split again'), ('submission_replayed', 'Submission replayed'), ('version_published', 'Version published'), ('rep_deactivated', 'Rep deactivated'), ('rep_absent', 'Absence set'), ('setting_changed', 'Setting changed'), ('answered', 'Qualification answers'), ('enrolled', 'Sequence started'), ('step_done', 'Sequence step done'), ('exited', 'Sequence ended'), ('mail_sent', 'Mail sent'), ('replied', 'Replied'), ('bounced', 'Mail bounced'), ('complained', 'Complaint about a mail'), ('unsubscribed', 'Unsubscribed'), ('away', 'Out of office'), ('imported', 'Import finished'), ('erased', 'Personal data erased'), ('copied', 'Personal data given out'), ('signed_in', 'Signed in'), ('sign_in_refused', 'Sign-in refused'), ('second_factor', 'Second factor changed'), ('token_changed', 'API token made or ended'), ('token_elsewhere', 'API token used from a new address'), ('exported', 'List taken out as a file')], max_length=24),
        ),
    ]
