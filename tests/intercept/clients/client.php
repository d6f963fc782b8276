<?php
// Both flows, with the vendors' hosts written in, by PHP's curl.
const PYMETRICS = 'https://api.pymetrics.com/mercury';
const PI = 'https://pi.predictiveindex.com/api/v1/behavioralassessments';

function send(string $method, string $url, array $headers, ?array $body = null): array
{
    $curl = curl_init($url);
    curl_setopt_array($curl, [CURLOPT_CUSTOMREQUEST => $method, CURLOPT_RETURNTRANSFER => true]);
    curl_setopt($curl, CURLOPT_HTTPHEADER, ['Content-Type: application/json', ...$headers]);
    if ($body !== null) {
        curl_setopt($curl, CURLOPT_POSTFIELDS, json_encode($body));
    }
    $text = curl_exec($curl);
    if ($text === false) {
        throw new Exception(curl_error($curl));
    }
    return json_decode($text, true, 512, JSON_THROW_ON_ERROR);
}

$client = ['client_id' => 'live-client', 'client_secret' => 'live-secret', 'grant_type' => 'client_credentials'];
$token = send('POST', PYMETRICS . '/oauth/token', [], $client)['access_token'];
$keys = ["Authorization: Bearer $token", 'X-Api-Key: live-key'];
$assessment = send('GET', PYMETRICS . '/configuration', $keys)['assessments'][0]['id'];
$candidate = ['email' => 'ada@example.com', 'first_name' => 'Ada', 'last_name' => 'Lovelace'];
$wish = ['candidate' => $candidate, 'assessment_id' => $assessment, 'application_id' => 'a-1'];
$order = send('POST', PYMETRICS . '/order', $keys, $wish)['order']['id'];
$person = ['firstName' => 'Ada', 'lastName' => 'Lovelace', 'email' => 'ada@example.com'];
$made = send('POST', PI, ['api-key: live-pi-key'], $person)['assessmentId'];
echo "order $order assessment ", send('GET', PI . "/$made", ['api-key: live-pi-key'])['assessmentId'], "\n";
