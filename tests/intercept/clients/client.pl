# Both flows, with the vendors' hosts written in, by LWP.
use strict;
use warnings;
use HTTP::Request;
use JSON::PP;
use LWP::UserAgent;

my ($pymetrics, $pi) = ('https://api.pymetrics.com/mercury', 'https://pi.predictiveindex.com/api/v1/behavioralassessments');
my $agent = LWP::UserAgent->new;

sub call {
    my ($method, $url, $body, @headers) = @_;
    my $content = $body ? encode_json($body) : undef;
    my $answer = $agent->request(HTTP::Request->new($method, $url, ['Content-Type', 'application/json', @headers], $content));
    die $answer->status_line . ': ' . $answer->content unless $answer->is_success;
    return decode_json($answer->content);
}

my $client = { client_id => 'live-client', client_secret => 'live-secret', grant_type => 'client_credentials' };
my $token = call('POST', "$pymetrics/oauth/token", $client)->{access_token};
my @keys = ('Authorization', "Bearer $token", 'X-Api-Key', 'live-key');
my $assessment = call('GET', "$pymetrics/configuration", undef, @keys)->{assessments}[0]{id};
my $candidate = { email => 'ada@example.com', first_name => 'Ada', last_name => 'Lovelace' };
my $wish = { candidate => $candidate, assessment_id => $assessment, application_id => 'a-1' };
my $order = call('POST', "$pymetrics/order", $wish, @keys)->{order}{id};
my $person = { firstName => 'Ada', lastName => 'Lovelace', email => 'ada@example.com' };
my $made = call('POST', $pi, $person, 'api-key', 'live-pi-key')->{assessmentId};
print "order $order assessment ", call('GET', "$pi/$made", undef, 'api-key', 'live-pi-key')->{assessmentId}, "\n";
